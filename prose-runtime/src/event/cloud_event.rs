//! An event as [CloudEvents 1.0](https://cloudevents.io) JSON, written and read.

use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::EventRecord;
use crate::Json;

const SPEC_VERSION: &str = "1.0";

impl Serialize for EventRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", SPEC_VERSION)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("source", &self.source)?;
        if let Some(subject) = &self.subject {
            map.serialize_entry("subject", subject)?;
        }
        map.serialize_entry("type", &self.event_type)?;
        map.serialize_entry("time", &humantime::format_rfc3339_millis(self.time).to_string())?;
        map.serialize_entry("datacontenttype", "application/json")?;
        map.serialize_entry("correlationid", &self.correlation_id)?;
        map.serialize_entry("data", &self.data)?;
        map.end()
    }
}

/// What is read of the JSON. Attributes of others are passed over: CloudEvents may be extended.
#[derive(Deserialize)]
struct Read {
    specversion: String,
    id: String,
    source: String,
    subject: Option<String>,
    #[serde(rename = "type")]
    event_type: String,
    time: String,
    #[serde(default)]
    correlationid: String,
    data: Json,
}

impl<'de> Deserialize<'de> for EventRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        if read.specversion != SPEC_VERSION {
            let found = &read.specversion;
            return Err(D::Error::custom(format!(
                "this is a CloudEvent of version `{found}`, and prose reads {SPEC_VERSION}"
            )));
        }
        let time = humantime::parse_rfc3339(&read.time).map_err(|error| {
            D::Error::custom(format!("`time` is `{}`, and must be like 2026-02-28T10:00:00.000Z: {error}", read.time))
        })?;
        Ok(Self {
            id: read.id,
            source: Cow::Owned(read.source),
            subject: read.subject,
            event_type: Cow::Owned(read.event_type),
            time,
            data: read.data,
            correlation_id: read.correlationid,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn event(subject: Option<&str>) -> EventRecord {
        EventRecord {
            id: "ord_1:confirmed".to_owned(),
            source: "process-order".into(),
            subject: subject.map(str::to_owned),
            event_type: "order.confirmed".into(),
            time: SystemTime::UNIX_EPOCH + Duration::from_millis(1_772_272_800_123),
            data: Json::parse(r#"{"total":0.1,"note":"a \"b\" ü"}"#.to_owned()).unwrap(),
            correlation_id: "web-17".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for event in [event(Some("ord_1")), event(None)] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<EventRecord>(&text).unwrap(), event);
            assert_eq!(serde_json::from_slice::<EventRecord>(text.as_bytes()).unwrap(), event);
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::from_value::<EventRecord>(value).unwrap().id, event.id);
        }
    }

    #[test]
    fn attributes_of_others_are_passed_over() {
        let mut value = serde_json::to_value(event(None)).unwrap();
        value["traceparent"] = "00-4bf92f".into();
        assert_eq!(serde_json::from_value::<EventRecord>(value).unwrap().correlation_id, "web-17");
    }

    #[test]
    fn another_version_or_time_is_refused_in_words() {
        let mut value = serde_json::to_value(event(None)).unwrap();
        value["time"] = "yesterday".into();
        let error = serde_json::from_value::<EventRecord>(value.clone()).unwrap_err().to_string();
        assert!(error.contains("`time` is `yesterday`"), "{error}");
        value["specversion"] = "0.3".into();
        let error = serde_json::from_value::<EventRecord>(value).unwrap_err().to_string();
        assert!(error.contains("version `0.3`"), "{error}");
    }
}
