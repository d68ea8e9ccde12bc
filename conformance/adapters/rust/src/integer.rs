//! The integers of the protocol: big-endian base 128 (INT-1 to INT-5).
//!
//! An integer is kept in two parts while it is read or written: its last group of seven bits, and
//! the value of the groups before it. The word of a packet holds two more bits than its flags, and
//! only in two parts can it hold flags of 128 bits.

/// A `Groups` is a protocol integer in two parts: its value is `leading << 7 | last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    /// The value of all groups but the last.
    pub(crate) leading: u128,
    /// The last group, below 128.
    pub(crate) last: u8,
}

impl Groups {
    /// Splits `value` into its parts.
    pub(crate) fn of(value: u128) -> Self {
        Groups {
            leading: value >> 7,
            last: (value & 0x7f) as u8,
        }
    }

    /// Splits the word of a packet: `flags << 2 | bits`.
    pub(crate) fn of_word(flags: u128, bits: u8) -> Self {
        Groups {
            leading: flags >> 5,
            last: ((flags & 0x1f) as u8) << 2 | bits,
        }
    }

    /// Returns the value, or `None` if it needs more than 128 bits.
    pub(crate) fn value(self) -> Option<u128> {
        (self.leading >> 121 == 0).then_some(self.leading << 7 | u128::from(self.last))
    }

    /// Returns the flags and the two low bits of a word, or `None` if the flags need more than 128
    /// bits.
    pub(crate) fn word(self) -> Option<(u128, u8)> {
        (self.leading >> 123 == 0).then_some((
            self.leading << 5 | u128::from(self.last >> 2),
            self.last & 3,
        ))
    }

    /// Appends the shortest form of the integer to `octets`.
    pub(crate) fn write(self, octets: &mut Vec<u8>) {
        let mut shift = 126; // 19 groups hold 128 bits
        while shift > 0 && self.leading >> shift == 0 {
            shift -= 7;
        }
        if self.leading != 0 {
            loop {
                octets.push(0x80 | (self.leading >> shift & 0x7f) as u8);
                if shift == 0 {
                    break;
                }
                shift -= 7;
            }
        }
        octets.push(self.last);
    }
}

/// Reads one integer from the octets that `next` returns, and nothing behind it.
///
/// The inner result is `None` if the integer needs far more than 128 bits. Leading octets `80` of an
/// overlong form are read without limit: they take no memory.
pub(crate) fn read<E>(mut next: impl FnMut() -> Result<u8, E>) -> Result<Option<Groups>, E> {
    let mut leading = 0_u128;
    loop {
        let octet = next()?;
        let group = octet & 0x7f;
        if octet & 0x80 == 0 {
            return Ok(Some(Groups {
                leading,
                last: group,
            }));
        }
        if leading >> 121 != 0 {
            return Ok(None);
        }
        leading = leading << 7 | u128::from(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u128) -> Vec<u8> {
        let mut octets = Vec::new();
        Groups::of(value).write(&mut octets);
        octets
    }

    fn value_of(octets: &[u8]) -> Option<u128> {
        let mut rest = octets.iter();
        let groups = read(|| rest.next().copied().ok_or(())).expect("the integer is whole");
        assert_eq!(rest.len(), 0, "octets left of {octets:02x?}");
        groups.and_then(Groups::value)
    }

    #[test]
    fn writes_the_shortest_form() {
        for (value, octets) in [
            (0, &[0x00][..]),
            (127, &[0x7f]),
            (128, &[0x81, 0x00]),
            (16383, &[0xff, 0x7f]),
            (16384, &[0x81, 0x80, 0x00]),
            (2_097_151, &[0xff, 0xff, 0x7f]),
            (
                (1 << 61) - 1,
                &[0x9f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            ),
        ] {
            assert_eq!(written(value), octets, "{value}");
            assert_eq!(value_of(octets), Some(value));
        }
    }

    #[test]
    fn reads_back_every_width() {
        for bits in 0..128 {
            for value in [1_u128 << bits, (1 << bits) - 1, u128::MAX >> bits] {
                assert_eq!(value_of(&written(value)), Some(value));
            }
        }
    }

    #[test]
    fn reads_overlong_forms() {
        assert_eq!(value_of(&[0x80, 0x80, 0x05]), Some(5));
        let mut long = vec![0x80; 1000];
        long.extend(written(u128::MAX));
        assert_eq!(value_of(&long), Some(u128::MAX));
    }

    #[test]
    fn refuses_more_than_128_bits() {
        let mut octets = written(u128::MAX);
        octets[0] = 0x84; // bit 128
        assert_eq!(value_of(&octets), None);
        let mut endless = [0xff; 40].into_iter();
        assert_eq!(read(|| endless.next().ok_or(())), Ok(None));
    }

    #[test]
    fn keeps_flags_of_128_bits_in_a_word() {
        for flags in [0, 7, 0x55, u128::MAX >> 2, u128::MAX] {
            let mut octets = Vec::new();
            Groups::of_word(flags, 2).write(&mut octets);
            let mut rest = octets.iter();
            let groups = read(|| rest.next().copied().ok_or(())).expect("the word is whole");
            assert_eq!(groups.and_then(Groups::word), Some((flags, 2)));
        }
    }
}
