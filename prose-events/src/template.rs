//! Templates: how a channel becomes a subject, an exchange, a routing key.

use prose::EventRecord;

use crate::ConfigError;

/// Text with fields. Which names are good is the broker's matter, not this file's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Channel,
    Type,
    Source,
}

impl Template {
    /// Reads `prose.{channel}`. The fields are `{channel}`, `{type}` and `{source}`.
    pub(crate) fn parse(template: &str) -> Result<Self, ConfigError> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some(brace) = rest.find(['{', '}']) {
            let (text, field) = rest.split_at(brace);
            parts.push(Part::Text(text.to_owned()));
            let (part, length) = read_field(template, field)?;
            parts.push(part);
            rest = &field[length..];
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// `{prefix}{channel}`: text that has no other fields.
    pub(crate) fn prefixed(prefix: &str) -> Self {
        Self(vec![Part::Text(prefix.to_owned()), Part::Channel])
    }

    /// The text for this event.
    pub(crate) fn fill(&self, channel: &str, event: &EventRecord) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Channel => channel,
            Part::Type => &event.event_type,
            Part::Source => &event.source,
        });
        parts.collect()
    }
}

/// The field that `text` begins with, and its length.
fn read_field(template: &str, text: &str) -> Result<(Part, usize), ConfigError> {
    let fields = [("{channel}", Part::Channel), ("{type}", Part::Type), ("{source}", Part::Source)];
    let found = fields.into_iter().find(|(field, _)| text.starts_with(field));
    found.map(|(field, part)| (part, field.len())).ok_or_else(|| {
        ConfigError::new(format!(
            "the template `{template}` has something else at `{text}` than a field: the fields are {{channel}}, {{type}} and {{source}}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> EventRecord {
        let json = r#"{"specversion":"1.0","id":"1","source":"process-order","type":"order.confirmed",
            "time":"2026-02-28T10:00:00Z","data":null}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn fields_are_filled_in() {
        let fill = |template| Template::parse(template).unwrap().fill("orders", &event());
        assert_eq!(fill("prose.{channel}"), "prose.orders");
        assert_eq!(fill("{source}.{channel}.{type}!"), "process-order.orders.order.confirmed!");
        assert_eq!(fill("fixed"), "fixed");
        assert_eq!(fill(""), "");
    }

    #[test]
    fn what_a_channel_says_is_not_a_field() {
        assert_eq!(Template::parse("{channel}").unwrap().fill("{type}", &event()), "{type}");
    }

    #[test]
    fn other_braces_are_refused() {
        for template in ["{chanel}", "a.{channel", "a}", "{}", "{{channel}}"] {
            let error = Template::parse(template).unwrap_err().to_string();
            assert!(error.contains(template) && error.contains("{channel}, {type} and {source}"), "{error}");
        }
    }
}
