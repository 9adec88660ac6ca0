//! Bytes as text, in whatever encoding they were written.

/// What Windows-1252 has where Latin-1 has control characters.
const WINDOWS: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž',
    '\u{fffd}', '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}',
    'ž', 'Ÿ',
];

/// Reads UTF-8 and UTF-16 with and without a mark at the beginning, and else Windows-1252, of which
/// Latin-1 is a part. UTF-8 that is damaged in places stays UTF-8.
pub fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => return text(rest),
        [0xff, 0xfe, 0, 0, rest @ ..] => return wide(rest, u32::from_le_bytes),
        [0, 0, 0xfe, 0xff, rest @ ..] => return wide(rest, u32::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        // No text begins with a zero byte, or has one behind its first character.
        [0, first, ..] if *first != 0 && bytes.len().is_multiple_of(2) => {
            return utf16(bytes, u16::from_be_bytes);
        }
        [first, 0, second, ..] if *first != 0 && *second != 0 && bytes.len().is_multiple_of(2) => {
            return utf16(bytes, u16::from_le_bytes);
        }
        _ => {}
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let is_utf8 = bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    if is_utf8 {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let windows = |byte: &u8| match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        byte => char::from(*byte),
    };
    bytes.iter().map(windows).collect()
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|c| *c != '\u{feff}')
        .collect()
}

fn wide(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> String {
    let points = bytes.chunks_exact(4).map(|four| unit([four[0], four[1], four[2], four[3]]));
    points.map(|point| char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}
