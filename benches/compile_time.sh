#!/usr/bin/env bash
# How long 100 flows of 10 steps take to compile, beside the same bodies as plain async fns over the same serde types.
#
#   benches/compile_time.sh [repetitions]
#
# Generates both crates below target/, builds them in turns (A B A B ..; dependencies are built once, before), and prints
# each build's time and the ratio of the medians. Look at the ratio: the times are of this machine and moment.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD repetitions=${1:-5} flows=100 steps=10
work=$root/target/compile-time
rm -rf "$work/plain" "$work/flows"

types() { # the value that each step of flow $1 makes
    for s in $(seq 1 $steps); do
        printf '#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)] pub struct V%d_%d { pub id: u64, pub name: String }\n' "$1" "$s"
    done
}

body() { # $1: flow, $2: what stands in front of a step
    echo '    let v0 = input;'
    for s in $(seq 1 $steps); do
        local before=v$((s - 1))
        [ "$s" = 1 ] && before=v0
        printf '    %s let v%d: V%d_%d = { let id = next(%s.id).await?; V%d_%d { id, name: %s.name.clone() } };\n' \
            "$2" "$s" "$1" "$s" "$before" "$1" "$s" "$before"
    done
    printf '    Ok(v%d)\n' $steps
}

make() { # $1: crate, $2: what stands in front of a fn, $3: in front of its input, $4: in front of a step
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
edition = "2024"
[dependencies]
prose-runtime = { path = "$root/prose-runtime" }
serde = { version = "1", features = ["derive"] }
[profile.dev]
incremental = false
[workspace]
TOML
    {
        echo '#[derive(Debug)] pub struct Failed; impl std::fmt::Display for Failed { fn fmt(&self, f: &mut std::fmt::Formatter<'"'_"'>) -> std::fmt::Result { f.write_str("failed") } }'
        echo '#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)] pub struct Input { pub id: u64, pub name: String }'
        echo 'pub async fn next(id: u64) -> Result<u64, Failed> { tokio_free().await; Ok(id + 1) } async fn tokio_free() {}'
        # Both crates make their serde impls for real: a generic use of each, so that neither is let off their cost.
        echo 'pub fn keep<T: serde::Serialize + serde::de::DeserializeOwned>(_: &T) {}'
        for f in $(seq 1 $flows); do
            types "$f"
            printf '%s pub async fn flow%d(%sinput: Input) -> Result<V%d_%d, Failed> {\n' "$2" "$f" "$3" "$f" $steps
            body "$f" "$4"
            echo '}'
        done
        echo 'fn send<T: Send>(value: T) -> T { value }'
        echo 'pub fn all() -> Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> { let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new(); let input = || Input { id: 0, name: String::new() };'
        for f in $(seq 1 $flows); do
            printf '    all.push(Box::pin(send(async move { let _ = flow%d(input()).await; })));\n' "$f"
        done
        echo '    all }'
        echo 'fn main() { println!("{}", all().len()); }'
    } >"$work/$1/src/main.rs"
}

make plain '' '' ''
make flows '#[prose::flow]' '_ctx: prose::Ctx, ' '#[step]'

export CARGO_TARGET_DIR=$work/target
for crate in plain flows; do # dependencies
    cargo build -q --manifest-path "$work/$crate/Cargo.toml"
done

declare -A times
for ((i = 0; i < repetitions; i++)); do
    for crate in plain flows; do
        touch "$work/$crate/src/main.rs"
        begun=$(date +%s%N)
        cargo build -q --manifest-path "$work/$crate/Cargo.toml"
        ms=$((($(date +%s%N) - begun) / 1000000))
        echo "$crate: $ms ms"
        times[$crate]+="$ms "
    done
done

median() { tr ' ' '\n' <<<"$1" | grep . | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }
plain=$(median "${times[plain]}") flows_=$(median "${times[flows]}")
awk -v p="$plain" -v f="$flows_" 'BEGIN { printf "medians: plain %d ms, flows %d ms; ratio %.2f\n", p, f, f / p }'
