//! The interpreter agrees with rustc, which compiles the same code.

use super::{Flow, Host, Value, call, fault};

struct Nobody;

impl Host for Nobody {
    fn machine(&mut self, _: &str, _: &[Value]) -> Flow<Value> {
        fault("no machine")
    }

    fn begin(&mut self, _: Option<(&str, &[i64])>) -> Flow<()> {
        fault("no points")
    }

    fn act(&mut self, _: String) {}
}

/// The value of a block, as rustc sees it and as the interpreter does.
macro_rules! agree {
    ($($code:tt)*) => {{
        let compiled = { fn compiled() -> Result<i64, i64> { $($code)* } format!("{:?}", compiled()) };
        let function = syn::parse_str(concat!("fn f() {", stringify!($($code)*), "}")).unwrap();
        assert_eq!(call(&function, Vec::new(), &mut Nobody).unwrap().to_string(), compiled);
    }};
}

#[test]
fn labelled_loops_and_blocks_with_values() {
    agree! {
        let mut sum = 0;
        'outer: for (i, x) in [5, 6, 7].iter().enumerate() {
            let _ = i;
            for y in 0..*x {
                if y == 3 { continue 'outer; }
                if sum > 20 { break 'outer; }
                sum += y + *x;
            }
        }
        let found = loop { sum -= 4; if sum % 3 == 0 { break sum; } };
        let block = 'b: { if found > 2 { break 'b 1; } 2 };
        while sum > 0 && block < 5 { sum -= 7; }
        Ok(sum + found * 100 + block * 1000)
    }
}

#[test]
fn patterns_by_value_and_by_borrow() {
    agree! {
        let list = Some(vec![1, 2]);
        let mut n = 0;
        if let Some(list) = &list && list.len() == 2 && let Some(first) = list.first() { n += *first; }
        let Some(mut own) = list else { return Err(1) };
        own.push(n);
        let pair = (own, 7);
        match pair { (list, 0 | 1) => Ok(list.len() as i64), (list, n) if n > 9 => Err(list[0]), (list, n) => Ok(list[2] * 10 + n) }
    }
}
