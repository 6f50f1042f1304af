//! What was seen: `results.json`, and beside it `circumstances.json`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::plan::{self, Case};
use crate::repetition::{Measured, Outcome};
use crate::system::{System, named};

/// All figures, and what has to be known to read them.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) figures: Vec<Figure>,
    pub(crate) circumstances: Circumstances,
}

/// A row of `results.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    pub(crate) row: char,
    pub(crate) work: String,
    pub(crate) concurrency: usize,
    pub(crate) system: String,
    pub(crate) metric: String,
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) unit: String,
}

/// Where and how it was measured.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Circumstances {
    /// When and where each row was measured: all of it, and what was measured alone since then.
    pub(crate) rows: BTreeMap<char, Vec<Taken>>,
    /// The settings of each system, and in which rows it had them.
    pub(crate) settings: BTreeMap<String, BTreeMap<String, BTreeSet<char>>>,
    pub(crate) missing: Vec<Missing>,
}

/// A time at which something was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    /// What of the row; nothing: all of it.
    pub(crate) only: String,
    pub(crate) date: String,
    /// How many wanted a processor when it began.
    pub(crate) load: String,
    /// The machine and the versions, a line each.
    pub(crate) on: Vec<String>,
}

/// A figure that is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Missing {
    pub(crate) row: char,
    pub(crate) work: String,
    pub(crate) concurrency: usize,
    pub(crate) system: String,
    /// It failed; else the row cannot be said in it.
    pub(crate) failed: bool,
    pub(crate) why: String,
}

/// What a case is called in the results: in row e each number of steps is a work of its own.
pub(crate) fn work_of(case: &Case) -> String {
    match case.row {
        'e' => format!("{} committed steps", case.steps),
        _ => case.work.to_owned(),
    }
}

/// The unit of a metric.
pub(crate) fn unit(metric: &str) -> &'static str {
    match metric {
        "steps_per_s" | "commits_per_s" => "1/s",
        "p50_us" | "p99_us" | "cpu_us_per_step" => "us",
        "bytes_per_step" | "bytes_per_run" | "binary_bytes" => "bytes",
        "resume_ms" | "open_ms" | "rebuild_cpu_ms" => "ms",
        "ns_per_step" => "ns",
        "clean_build_cpu_s" => "s",
        _ => "1",
    }
}

const FIGURES: &str = "results.json";
const CIRCUMSTANCES: &str = "circumstances.json";

impl Results {
    /// Those of the last time; none, where there are none.
    pub(crate) fn load(benches: &Path) -> Result<Self> {
        let read = |name: &str| -> Result<Option<String>> {
            let path: PathBuf = benches.join(name);
            Ok(if path.is_file() { Some(std::fs::read_to_string(path)?) } else { None })
        };
        let parse = |text: &str| serde_json::from_str(text);
        let figures = read(FIGURES)?.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        let circumstances = read(CIRCUMSTANCES)?.as_deref().map(parse).transpose()?.unwrap_or_default();
        let mut results = Self { figures, circumstances };
        results.forget_unknown();
        Ok(results)
    }

    /// What is in no plan any more.
    fn forget_unknown(&mut self) {
        let mut known = HashSet::new();
        for case in plan::all().iter().flatten().chain([&plan::order_builds()]) {
            let systems = case.systems().map(|it| it.name).chain(case.left_out.iter().map(|it| it.0));
            known.extend(systems.map(|system| (case.row, work_of(case), case.concurrency, system)));
        }
        let is_known = |row, work: &str, concurrency, system: &str| {
            known.iter().any(|it| *it == (row, work.to_owned(), concurrency, system))
        };
        self.figures.retain(|it| is_known(it.row, &it.work, it.concurrency, &it.system));
        self.circumstances.missing.retain(|it| is_known(it.row, &it.work, it.concurrency, &it.system));
        self.circumstances.settings.retain(|system, _| named(system).is_some());
    }

    /// Everything of a row, of these systems or of all.
    pub(crate) fn forget_row(&mut self, row: char, only: &[String]) {
        let is = |of: char, system: &String| of == row && (only.is_empty() || only.contains(system));
        self.figures.retain(|it| !is(it.row, &it.system));
        self.circumstances.missing.retain(|it| !is(it.row, &it.system));
        for (_, settings) in self.circumstances.settings.iter_mut().filter(|(system, _)| is(row, system)) {
            settings.retain(|_, rows| {
                rows.remove(&row);
                !rows.is_empty()
            });
        }
        self.circumstances.settings.retain(|_, settings| !settings.is_empty());
    }

    /// That a row was measured, all of it or a part.
    pub(crate) fn was_taken(&mut self, row: char, taken: Taken) {
        let times = self.circumstances.rows.entry(row).or_default();
        times.retain(|it| !taken.only.is_empty() && it.only != taken.only);
        times.push(taken);
    }

    /// Writes both files, a figure a line.
    pub(crate) fn save(&mut self, benches: &Path) -> Result<()> {
        self.figures.sort_by(|one, other| order(one).cmp(&order(other)));
        let lines = self.figures.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
        std::fs::write(benches.join(FIGURES), format!("[\n{}\n]\n", lines.join(",\n")))?;
        let circumstances = serde_json::to_string_pretty(&self.circumstances)?;
        Ok(std::fs::write(benches.join(CIRCUMSTANCES), circumstances + "\n")?)
    }

    /// What was seen of a case before.
    pub(crate) fn forget(&mut self, case: &Case, system: &System) {
        let work = work_of(case);
        let is = |row, of: &str, concurrency, name: &str| {
            row == case.row && of == work && concurrency == case.concurrency && name == system.name
        };
        self.figures.retain(|it| !is(it.row, &it.work, it.concurrency, &it.system));
        self.circumstances.missing.retain(|it| !is(it.row, &it.work, it.concurrency, &it.system));
    }

    /// What a system has measured.
    pub(crate) fn add(&mut self, case: &Case, system: &System, samples: &[Measured]) {
        let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for (metric, value) in samples.iter().flat_map(|sample| &sample.metrics) {
            values.entry(metric).or_default().push(*value);
        }
        for (metric, values) in values {
            self.figures.push(figure(case, system.name, metric, values));
        }
        let settings = self.circumstances.settings.entry(system.name.to_owned()).or_default();
        for setting in samples.iter().flat_map(|sample| &sample.settings) {
            settings.entry(setting.clone()).or_default().insert(case.row);
        }
    }

    /// Why there is nothing.
    pub(crate) fn note(&mut self, case: &Case, system: &System, outcome: Outcome) {
        let (failed, why) = match outcome {
            Outcome::Unsupported(why) => (false, why),
            Outcome::Failed(why) => (true, why),
            Outcome::Measured(_) => return,
        };
        if failed {
            eprintln!("{} has failed in row {}: {why}", system.name, case.row);
        }
        let (work, concurrency) = (work_of(case), case.concurrency);
        self.circumstances.missing.push(Missing {
            row: case.row,
            work,
            concurrency,
            system: system.name.to_owned(),
            failed,
            why,
        });
    }

    /// The median of what a system has measured.
    pub(crate) fn median(&self, row: char, work: &str, concurrency: usize, system: &str, metric: &str) -> Option<f64> {
        let is = |it: &&Figure| {
            it.row == row
                && it.work == work
                && it.concurrency == concurrency
                && it.system == system
                && it.metric == metric
        };
        self.figures.iter().find(is).map(|it| it.median)
    }

    /// A line for each system, as it comes.
    pub(crate) fn print(&self, case: &Case) {
        let work = work_of(case);
        println!("\n{}: {work}, {} at once", case.row, case.concurrency);
        for system in case.systems() {
            let of = |it: &&Figure| {
                it.row == case.row && it.work == work && it.concurrency == case.concurrency && it.system == system.name
            };
            let figures = self
                .figures
                .iter()
                .filter(of)
                .map(|it| format!("{} {} ({}–{})", it.metric, short(it.median), short(it.min), short(it.max)));
            let figures: Vec<_> = figures.collect();
            if !figures.is_empty() {
                println!("  {:16} {}", system.name, figures.join(", "));
            }
        }
    }
}

fn order(it: &Figure) -> (char, &str, usize, Option<usize>, &str, &str) {
    let place = crate::system::SYSTEMS.iter().position(|system| system.name == it.system);
    (it.row, &it.work, it.concurrency, place, &it.system, &it.metric)
}

/// The median with the least and the greatest.
pub(crate) fn figure(case: &Case, system: &str, metric: &str, mut values: Vec<f64>) -> Figure {
    values.sort_by(f64::total_cmp);
    let (work, concurrency) = (work_of(case), case.concurrency);
    Figure {
        row: case.row,
        work,
        concurrency,
        system: system.to_owned(),
        metric: metric.to_owned(),
        median: middle(&values),
        min: values.first().copied().unwrap_or_default(),
        max: values.last().copied().unwrap_or_default(),
        unit: unit(metric).to_owned(),
    }
}

/// The median of values in order.
pub(crate) fn middle(values: &[f64]) -> f64 {
    match (values.len() / 2, values.len() % 2) {
        (_, _) if values.is_empty() => 0.0,
        (half, 0) => (values[half - 1] + values[half]) / 2.0,
        (half, _) => values[half],
    }
}

/// Three digits that matter.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        1e6.. => format!("{:.3} M", value / 1e6).replace("0 M", " M"),
        1e4.. => format!("{:.1} k", value / 1e3),
        1e2.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle_or_between_two() {
        assert_eq!((middle(&[1.0, 2.0, 9.0]), middle(&[1.0, 3.0]), middle(&[])), (2.0, 2.0, 0.0));
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.5, 1.25, 12.34, 123.4, 9_999.0, 12_345.0, 1_234_567.0].map(short);
        assert_eq!(texts, ["0.000", "0.500", "1.25", "12.3", "123", "9999", "12.3 k", "1.235 M"]);
    }

    fn results() -> Results {
        let mut results = Results::default();
        for turns in plan::all().iter().filter(|turns| matches!(turns[0].row, 'f' | 'h')) {
            let system = named("prose-memory").unwrap();
            let metrics = vec![("p50_us".to_owned(), 1.0)];
            let settings = vec!["of all rows".to_owned(), format!("of row {}", turns[0].row)];
            results.add(&turns[0], system, &[Measured { metrics, settings, ..Measured::default() }]);
        }
        results
    }

    #[test]
    fn a_row_that_is_measured_again_takes_its_figures_and_settings_with_it() {
        let mut results = results();
        results.forget_row('h', &["prose-sqlite".to_owned()]);
        assert!(results.figures.iter().any(|it| it.row == 'h'), "they are another system's");
        results.forget_row('h', &[]);
        assert!(results.figures.iter().all(|it| it.row == 'f') && !results.figures.is_empty());
        let settings = &results.circumstances.settings["prose-memory"];
        assert!(settings.keys().eq(["of all rows", "of row f"]), "{settings:?}");
    }

    #[test]
    fn what_is_in_no_plan_is_forgotten() {
        let mut results = results();
        let before = results.figures.len();
        results.figures.push(Figure { work: "no such work".to_owned(), ..results.figures[0].clone() });
        results.circumstances.settings.insert("no such system".to_owned(), BTreeMap::new());
        results.forget_unknown();
        assert_eq!(results.figures.len(), before);
        assert!(!results.circumstances.settings.contains_key("no such system"));
    }

    #[test]
    fn a_part_that_was_measured_alone_is_told_beside_the_rest_of_its_row() {
        let taken = |only: &str, date: &str| Taken {
            only: only.to_owned(),
            date: date.to_owned(),
            load: String::new(),
            on: Vec::new(),
        };
        let mut results = Results::default();
        for (only, date) in [("", "first"), ("cano", "second"), ("cano", "third")] {
            results.was_taken('a', taken(only, date));
        }
        let dates =
            |results: &Results| results.circumstances.rows[&'a'].iter().map(|it| it.date.clone()).collect::<Vec<_>>();
        assert_eq!(dates(&results), ["first", "third"]);
        results.was_taken('a', taken("", "fourth"));
        assert_eq!(dates(&results), ["fourth"]);
    }
}
