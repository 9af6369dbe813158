/// Rows below a heading, in columns as Docker's own tables have them.
pub(super) fn table<const N: usize>(
    heading: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let heading = heading.map(str::to_owned);
    let all: Vec<[String; N]> = std::iter::once(heading).chain(rows).collect();
    let widths: Vec<usize> = (0..N)
        .map(|column| all.iter().map(|row| row[column].chars().count() + 3).max().unwrap_or(0).max(10))
        .collect();
    let mut text = String::new();
    for row in all {
        for (nth, (cell, width)) in row.iter().zip(&widths).enumerate() {
            text += cell;
            if nth + 1 < N {
                text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
            }
        }
        text.push('\n');
    }
    text
}
