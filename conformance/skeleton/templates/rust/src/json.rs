//! A small reader and writer of JSON, for lines of commands and replies.

use std::fmt;

/// A value. A number keeps its text, so that nothing is rounded.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Returns a field of an object, unless it is absent or null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Object(fields) => fields
                .iter()
                .find(|(n, v)| n == name && *v != Value::Null)
                .map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

/// Parses one value. The error says what is wrong, and where.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut parser = Parser { text, at: 0, depth: 0 };
    let value = parser.value()?;
    parser.space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.error("the end of the line")),
    }
}

/// How deep values may be nested: commands need three levels.
const DEEPEST: usize = 64;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, expected: &str) -> String {
        format!("expected {expected} at byte {}", self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Skips a word if it comes next.
    fn skip(&mut self, word: &str) -> bool {
        let comes = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if comes {
            self.at += word.len();
        }
        comes
    }

    fn value(&mut self) -> Result<Value, String> {
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => Ok(Value::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(self.number()),
            _ if self.skip("null") => Ok(Value::Null),
            _ if self.skip("true") => Ok(Value::Bool(true)),
            _ if self.skip("false") => Ok(Value::Bool(false)),
            _ => Err(self.error("a value")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Value, String>) -> Result<Value, String> {
        if self.depth == DEEPEST {
            return Err(self.error("fewer levels"));
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, String> {
        let mut fields = Vec::new();
        loop {
            self.space();
            if fields.is_empty() && self.skip("}") {
                break;
            }
            if self.peek() != Some(b'"') {
                return Err(self.error("the name of a field"));
            }
            let name = self.string()?;
            self.space();
            if !self.skip(":") {
                return Err(self.error("a colon"));
            }
            fields.push((name, self.value()?));
            self.space();
            if self.skip("}") {
                break;
            }
            if !self.skip(",") {
                return Err(self.error("a comma or a brace"));
            }
        }
        Ok(Value::Object(fields))
    }

    fn array(&mut self) -> Result<Value, String> {
        let mut values = Vec::new();
        loop {
            self.space();
            if values.is_empty() && self.skip("]") {
                break;
            }
            values.push(self.value()?);
            self.space();
            if self.skip("]") {
                break;
            }
            if !self.skip(",") {
                return Err(self.error("a comma or a bracket"));
            }
        }
        Ok(Value::Array(values))
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        Value::Number(self.text[start..self.at].to_owned())
    }

    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .find(['"', '\\'])
                .ok_or_else(|| self.error("the end of a string"))?;
            text.push_str(&rest[..plain]);
            self.at += plain + 1;
            if rest.as_bytes()[plain] == b'"' {
                return Ok(text);
            }
            text.push(self.escape()?);
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char, String> {
        let letter = self.peek().ok_or_else(|| self.error("an escape"))?;
        self.at += 1;
        Ok(match letter {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'"' | b'\\' | b'/' => letter as char,
            b'u' => {
                let mut code = self.unit()?;
                if (0xd800..0xdc00).contains(&code) && self.skip("\\u") {
                    let low = self.unit()?;
                    code = 0x10000 + ((code - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.error("an escape")),
        })
    }

    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.error("four hex digits"))?;
        self.at += 4;
        Ok(code)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::Number(digits) => f.write_str(digits),
            Value::String(text) => quote(f, text),
            Value::Array(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i > 0 { "," } else { "" })?;
                }
                f.write_str("]")
            }
            Value::Object(fields) => {
                f.write_str("{")?;
                for (i, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if i > 0 { "," } else { "" })?;
                    quote(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn quote(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') {
        f.write_str(&rest[..at])?;
        let c = rest.as_bytes()[at];
        match c {
            b'"' | b'\\' => write!(f, "\\{}", c as char)?,
            _ => write!(f, "\\u{c:04x}")?,
        }
        rest = &rest[at + 1..];
    }
    write!(f, "{rest}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            r#"{"id":1,"op":"hello","grace":0.05,"list":[null,true,{"a":[]}],"empty":{}}"#,
            r#""é \"quoted\" \\ \u0001""#,
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn reads_escapes_and_space() {
        let value = parse(" { \"a\" : \"\\u00e9\\ud83d\\ude00\\n\\/\" }\r\n").unwrap();
        assert_eq!(value.get("a").unwrap().as_str(), Some("é😀\n/"));
        assert_eq!(parse(r#"{"a":null}"#).unwrap().get("a"), None);
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "",
            "{",
            "{\"a\"}",
            "[1,]",
            "{} x",
            "\"a",
            "\"\\x\"",
            "tru",
            "\"\\u12\"",
            &"[".repeat(100),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
