//! HTTP/1.1 as far as the stubs and the load need it: messages of known length or in chunks, over persistent
//! connections. Written by hand, so that as little as possible runs beside what is measured.

use std::io::{self, BufRead, Read, Write};

/// A request or a response.
pub(crate) struct Message {
    /// The first line, such as `GET / HTTP/1.1` or `HTTP/1.1 200 OK`.
    start: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The next message; `None` when the other side has closed the connection.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(start) = line(from)? else { return Ok(None) };
        let mut headers = Vec::new();
        loop {
            let header = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            match header.split_once(':') {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
                None => break,
            }
        }
        let mut message = Self { start, headers, body: Vec::new() };
        if message.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            message.body = chunks(from)?;
        } else if let Some(length) = message.header("content-length").and_then(|length| length.parse().ok()) {
            message.body = vec![0; length];
            from.read_exact(&mut message.body)?;
        }
        Ok(Some(message))
    }

    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The nth word of the first line: method and path of a request, protocol and status of a response.
    pub(crate) fn word(&self, n: usize) -> &str {
        self.start.split(' ').nth(n).unwrap_or_default()
    }
}

/// Writes a message in one piece; `start` and `headers` are lines without line endings.
pub(crate) fn write(to: &mut impl Write, start: &str, headers: &[String], body: &[u8]) -> io::Result<()> {
    let mut bytes = format!("{start}\r\n").into_bytes();
    for header in headers {
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    to.write_all(&bytes)?;
    to.flush()
}

fn line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end().len());
    Ok(Some(line))
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = u64::from_str_radix(size.split(';').next().unwrap_or_default().trim(), 16);
        let size = size.map_err(|_| io::ErrorKind::InvalidData)?;
        from.take(size).read_to_end(&mut body)?;
        line(from)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_written_reads_the_same() {
        let mut bytes = Vec::new();
        write(&mut bytes, "POST /a HTTP/1.1", &["X-Amz-Target: T.GetItem".to_owned()], b"{}").unwrap();
        let message = Message::read(&mut bytes.as_slice()).unwrap().unwrap();
        assert_eq!((message.word(0), message.word(1)), ("POST", "/a"));
        assert_eq!((message.header("x-amz-target"), message.body.as_slice()), (Some("T.GetItem"), &b"{}"[..]));
    }

    #[test]
    fn a_body_in_chunks_is_put_together() {
        let text = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let mut from = text.as_slice();
        assert_eq!(Message::read(&mut from).unwrap().unwrap().body, b"abcd");
        assert_eq!(Message::read(&mut from).unwrap().unwrap().word(0), "GET");
        assert!(Message::read(&mut from).unwrap().is_none());
    }
}
