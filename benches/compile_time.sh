#!/usr/bin/env bash
# How long 100 flows of 10 steps take to compile (debug build), beside the same bodies written otherwise:
#
#   plain      async fns over the same serde types, which nobody encodes
#   by-hand    async fns that keep each step's value as JSON in a map, and take it from there if it is in it
#   flows      #[flow]
#
#   benches/compile_time.sh [repetitions]      FLOWS=20: fewer flows; TYPES=shared: the flows share their 10 types, else each has its own
#
# Generates the crates below target/, builds them in turns (A B C A B C ..; dependencies are built once, before), and prints
# each build's processor time and the ratios of the medians. Look at the ratios: the times are of this machine and moment.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD repetitions=${1:-5} flows=${FLOWS:-100} steps=10
work=$root/target/compile-time
crates="plain by-hand flows"
for crate in $crates; do rm -rf "${work:?}/$crate"; done

[ "${TYPES:-own}" = shared ] && shared=1 || shared=

types() { # the value that each step of flow $1 makes
    [ -n "$shared" ] && [ "$1" != 1 ] && return
    for s in $(seq 1 $steps); do
        printf '#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)] pub struct V%d_%d { pub id: u64, pub name: String }\n' "$1" "$s"
    done
}

body() { # $1: flow, $2: which crate
    local of=$1
    [ -n "$shared" ] && of=1
    echo '    let v0 = input;'
    for s in $(seq 1 $steps); do
        local make
        make=$(printf '{ let id = next(v%d.id).await?; V%d_%d { id, name: v%d.name.clone() } }' $((s - 1)) "$of" "$s" $((s - 1)))
        case $2 in
        plain) printf '    let v%d: V%d_%d = %s;\n' "$s" "$of" "$s" "$make" ;;
        flows) printf '    #[step] let v%d: V%d_%d = %s;\n' "$s" "$of" "$s" "$make" ;;
        by-hand)
            printf '    let v%d: V%d_%d = match saved.get("v%d") { Some(json) => serde_json::from_str(json).map_err(|_| Failed)?, None => { let v: V%d_%d = %s; saved.insert("v%d", serde_json::to_string(&v).map_err(|_| Failed)?); v } };\n' \
                "$s" "$of" "$s" "$s" "$of" "$s" "$make" "$s"
            ;;
        esac
    done
    printf '    Ok(v%d)\n' $steps
}

make() { # $1: crate, $2: what stands in front of a fn, $3: in front of its input, $4: in front of it in a call
    mkdir -p "$work/$1/src"
    cat >"$work/$1/Cargo.toml" <<TOML
[package]
name = "$1"
edition = "2024"
[dependencies]
prose-runtime = { path = "$root/prose-runtime" }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
[profile.dev]
incremental = false
[workspace]
TOML
    {
        echo '#[derive(Debug)] pub struct Failed; impl std::fmt::Display for Failed { fn fmt(&self, f: &mut std::fmt::Formatter<'"'_"'>) -> std::fmt::Result { f.write_str("failed") } }'
        echo '#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)] pub struct Input { pub id: u64, pub name: String }'
        echo 'pub async fn next(id: u64) -> Result<u64, Failed> { tokio_free().await; Ok(id + 1) } async fn tokio_free() {}'
        for f in $(seq 1 $flows); do
            types "$f"
            printf '%s pub async fn flow%d(%sinput: Input) -> Result<V%d_%d, Failed> {\n' "$2" "$f" "$3" "${shared:-$f}" $steps
            body "$f" "$1"
            echo '}'
        done
        echo 'fn send<T: Send>(value: T) -> T { value }'
        echo 'pub fn all() -> Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> { let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> = Vec::new(); let input = || Input { id: 0, name: String::new() };'
        for f in $(seq 1 $flows); do
            printf '    all.push(Box::pin(send(async move { let _ = flow%d(%sinput()).await; })));\n' "$f" "$4"
        done
        echo '    all }'
        echo 'fn main() { println!("{}", all().len()); }'
    } >"$work/$1/src/main.rs"
}

make plain '' '' ''
make by-hand '' "saved: &mut std::collections::HashMap<&'static str, String>, " '&mut Default::default(), '
make flows '#[prose::flow]' '_ctx: prose::Ctx, ' ''

export CARGO_TARGET_DIR=$work/target
for crate in $crates; do # dependencies
    cargo build -q --manifest-path "$work/$crate/Cargo.toml"
done

# The processor's time, not the clock's: on a shared machine the clock also counts what others do.
TIMEFORMAT='%3U %3S'
declare -A times
for ((i = 0; i < repetitions; i++)); do
    for crate in $crates; do
        touch "$work/$crate/src/main.rs"
        spent=$({ time cargo build -q --manifest-path "$work/$crate/Cargo.toml"; } 2>&1 | tail -n 1)
        ms=$(awk '{ printf "%d", ($1 + $2) * 1000 }' <<<"$spent")
        echo "$crate: $ms ms"
        times[$crate]+="$ms "
    done
done

median() { tr ' ' '\n' <<<"$1" | grep . | sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }
awk -v p="$(median "${times[plain]}")" -v h="$(median "${times[by-hand]}")" -v f="$(median "${times[flows]}")" 'BEGIN {
    printf "medians: plain %d ms, by hand %d ms, flows %d ms; flows are %.2f x plain, %.2f x by hand\n", p, h, f, f / p, f / h
}'
