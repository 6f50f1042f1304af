//! Which layer each box is in, and in which order the boxes of a layer stand.
//!
//! A flow is structured: its branches lie side by side in the order of its text. So no search for an order with few crossings is
//! needed: what is met first on a walk that takes the leftmost line first stands on the left.

/// The layers, top to bottom, each from left to right.
///
/// Their members are numbered: first the boxes, then the places where a line passes a layer between its ends.
pub(super) struct Layers {
    pub(super) rows: Vec<Vec<usize>>,
    /// For each line, its members from end to end; neighbours are in neighbouring layers.
    pub(super) paths: Vec<Vec<usize>>,
}

/// The layers of boxes with lines between them, each from an earlier box to a later one. The lines from a box are in order from left
/// to right.
pub(super) fn layers(boxes: usize, lines: &[(usize, usize)]) -> Layers {
    let mut levels = vec![0; boxes];
    let mut by_start: Vec<(usize, usize)> = lines.to_vec();
    by_start.sort_unstable();
    for (from, to) in by_start {
        levels[to] = levels[to].max(levels[from] + 1);
    }
    let mut paths = Vec::new();
    for (from, to) in lines {
        let first = levels.len();
        levels.extend(levels[*from] + 1..levels[*to]);
        paths.push([*from].into_iter().chain(first..levels.len()).chain([*to]).collect::<Vec<_>>());
    }
    let mut rows = vec![Vec::new(); levels.iter().max().map_or(0, |last| last + 1)];
    for member in walk(levels.len(), &paths) {
        rows[levels[member]].push(member);
    }
    Layers { rows, paths }
}

/// All members, leftmost lines first.
fn walk(members: usize, paths: &[Vec<usize>]) -> Vec<usize> {
    let mut below = vec![Vec::new(); members];
    for hop in paths.iter().flat_map(|path| path.windows(2)) {
        below[hop[0]].push(hop[1]);
    }
    let mut met = vec![false; members];
    let mut order = Vec::new();
    // What nothing leads to is met on its own.
    let mut to_do: Vec<usize> = (0..members).rev().collect();
    while let Some(member) = to_do.pop() {
        if !std::mem::replace(&mut met[member], true) {
            order.push(member);
            to_do.extend(below[member].iter().rev());
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::layers;

    #[test]
    fn what_is_left_in_the_text_is_left_in_each_layer() {
        // An `if` around an `if`, both without `else`: 0 asks, 1 is its yes, 2 asks, 3 is its yes, 4 is behind both.
        let layers = layers(5, &[(0, 1), (0, 4), (1, 2), (2, 3), (2, 4), (3, 4)]);
        // 5, 6 and 7 are where the outer no passes, 8 where the inner does.
        assert_eq!(layers.rows, [vec![0], vec![1, 5], vec![2, 6], vec![3, 8, 7], vec![4]]);
        assert_eq!(layers.paths[1], [0, 5, 6, 7, 4]);
    }

    #[test]
    fn what_nothing_leads_to_has_a_place() {
        assert_eq!(layers(2, &[]).rows, [vec![0, 1]]);
        assert!(layers(0, &[]).rows.is_empty());
    }
}
