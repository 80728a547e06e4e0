/// Finds the known word that a misspelled one probably means: a key, a flag, a command.
package enum Spelling {
    /// The nearest of the candidates: equal without case and punctuation, else with the fewest
    /// edits, at most a third of the key's letters. Nil if none is near.
    package static func nearest<Word: CustomStringConvertible>(
        to key: String, among candidates: [Word]
    ) -> Word? {
        let letters = folded(key)
        if letters.isEmpty { return nil }
        var best: (candidate: Word, distance: Int)?
        for candidate in candidates {
            let distance = distance(letters, to: folded("\(candidate)"))
            if distance < best?.distance ?? (max(1, letters.count / 3) + 1) {
                best = (candidate, distance)
            }
        }
        if let best { return best.candidate }
        // `duration` for `duration_seconds`: a whole word of the key is not a misspelling.
        return candidates.first { candidate in
            letters.count >= 4 && "\(candidate)".hasPrefix(key.lowercased() + "_")
        }
    }

    /// Lower-case letters and digits only, so that `durationSeconds` equals `duration_seconds`.
    private static func folded(_ key: String) -> [UInt8] {
        key.lowercased().utf8.filter {
            ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
        }
    }

    /// The edit distance of two short keys (Wagner and Fischer, one row at a time).
    private static func distance(_ one: [UInt8], to other: [UInt8]) -> Int {
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for place in other.indices {
                let change = diagonal + (letter == other[place] ? 0 : 1)
                diagonal = row[place + 1]
                row[place + 1] = min(change, min(row[place], row[place + 1]) + 1)
            }
        }
        return row[other.count]
    }
}
