//! Which names can be subjects.

use prose::PublishError;

use crate::template::Template;

/// `prose.{channel}`.
pub(super) fn default() -> Template {
    Template::prefixed("prose.")
}

/// Refuses what is no subject, or would mean more than it says. Dots are fine: they make a hierarchy.
pub(super) fn check(subject: &str, channel: &str) -> Result<(), PublishError> {
    let Some(fault) = fault(subject) else { return Ok(()) };
    Err(PublishError::rejected(format!(
        "channel {channel:?} gives the subject {subject:?}, which {fault}: name the channel otherwise, or use another template for subjects"
    )))
}

fn fault(subject: &str) -> Option<&'static str> {
    if subject.split('.').any(str::is_empty) {
        return Some("has nothing before, behind or between dots");
    }
    if subject.contains(['*', '>']) {
        return Some("has a wildcard (`*` or `>`)");
    }
    if subject.starts_with('$') {
        return Some("begins with `$`, like those of the server itself");
    }
    subject.contains(|c: char| c.is_whitespace() || c.is_control()).then_some("has white space or a control character")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_and_hierarchies_are_subjects() {
        for subject in ["prose.orders", "prose.orders.eu-west_1", "prose.bestellungen-über-uns"] {
            assert_eq!(fault(subject), None, "{subject}");
        }
    }

    #[test]
    fn what_a_server_would_misunderstand_is_refused() {
        for channel in ["", ".", "a..b", "a.", "a b", "a\tb", "a\r\nPUB x 0", "*", ">", "a.*.b", "x>"] {
            let error = check(&format!("prose.{channel}"), channel).unwrap_err();
            assert!(error.is_rejected() && error.to_string().contains("name the channel otherwise"), "{error}");
        }
        assert!(fault("$JS.API.STREAM.DELETE.ORDERS").is_some());
    }
}
