//! Events for other systems: the table's stream, read through the template's pipe as EventBridge Pipes does on AWS.
//!
//! The stream is read on request, not in the background. Nothing is missed, since the stream keeps every write, and no
//! work is done while nobody looks. Only the embedded engine's stream can be read.

mod pipe;

use std::sync::{Mutex, PoisonError};

use dynoxide::Database;
use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::actions::list_streams::ListStreamsRequest;
use serde_json::Value;

pub(crate) use pipe::Pipe;

/// The event bus that the pipe delivers to, with every event that has arrived.
pub(crate) struct Events {
    database: Database,
    table: String,
    pipe: Pipe,
    read: Mutex<Read>,
}

/// How far the stream has been read, and the events read so far.
#[derive(Default)]
struct Read {
    next: Option<String>,
    arrived: Vec<Value>,
}

impl Events {
    /// The events from the stream of `table`.
    pub(crate) fn new(database: Database, table: String, pipe: Pipe) -> Self {
        Self { database, table, pipe, read: Mutex::default() }
    }

    /// Every event so far, oldest first. Blocks while it reads from the engine.
    ///
    /// # Errors
    /// The engine's message if the stream cannot be read, or what is wrong with the pipe.
    pub(crate) fn arrived(&self) -> Result<Vec<Value>, String> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.next.is_none() {
            read.next = self.beginning().map_err(|error| error.to_string())?;
        }
        while let Some(shard_iterator) = read.next.clone() {
            let request = GetRecordsRequest { shard_iterator, limit: None };
            let answer = self.database.get_records(request).map_err(|error| error.to_string())?;
            for record in &answer.records {
                let record = serde_json::to_value(record).map_err(|error| error.to_string())?;
                if let Some(event) = self.pipe.deliver(&record)? {
                    read.arrived.push(event);
                }
            }
            read.next = answer.next_shard_iterator;
            if answer.records.is_empty() {
                break;
            }
        }
        Ok(read.arrived.clone())
    }

    /// The beginning of the stream, or `None` for a table without a stream, created before there were events.
    fn beginning(&self) -> dynoxide::Result<Option<String>> {
        let request = ListStreamsRequest { table_name: Some(self.table.clone()), ..ListStreamsRequest::default() };
        let Some(stream) = self.database.list_streams(request)?.streams.into_iter().next() else { return Ok(None) };
        let request =
            DescribeStreamRequest { stream_arn: stream.stream_arn.clone(), ..DescribeStreamRequest::default() };
        let shards = self.database.describe_stream(request)?.stream_description.shards;
        let Some(shard) = shards.into_iter().next() else { return Ok(None) };
        let request = GetShardIteratorRequest {
            stream_arn: stream.stream_arn,
            shard_id: shard.shard_id,
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        };
        Ok(self.database.get_shard_iterator(request)?.shard_iterator)
    }
}
