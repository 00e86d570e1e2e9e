//! Prints how the product reads phone numbers. Each input line has, separated by tabs, a prefix, `string` or `integer`,
//! and the typed text. The output has a line for each: the number and its country, or the refused field and the reason.

use std::io::{self, BufWriter, Write};

use two_factor::phone::countries::Countries;
use two_factor::phone::{InvalidPhoneNumber, National, PhoneNumber, Prefix};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lines() {
        let line = line?;
        let verdict = match line.split('\t').collect::<Vec<_>>()[..] {
            [prefix, kind, typed] => match number(prefix, kind, typed) {
                Ok(number) => format!("{}\t{}", *number.e164(), number.country()),
                Err(InvalidPhoneNumber::Prefix(why)) => format!("phone_prefix\t{why}"),
                Err(InvalidPhoneNumber::Number(why)) => format!("phone\t{why}"),
            },
            _ => return Err(io::Error::other(format!("not three fields: {line}"))),
        };
        writeln!(out, "{verdict}")?;
    }
    out.flush()
}

fn number(prefix: &str, kind: &str, typed: &str) -> Result<PhoneNumber, InvalidPhoneNumber> {
    let national = match (kind, typed.parse()) {
        ("integer", Ok(integer)) => National::from_integer(integer)?,
        _ => National::parse(typed)?,
    };
    PhoneNumber::of(&Prefix::parse(prefix)?, &national, &Countries::All)
}
