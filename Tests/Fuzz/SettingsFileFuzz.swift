// modules: Kernel Settings

import Settings

/// Reads any text as a settings file: nothing may trap, and a text that is refused has a sentence
/// with a place.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSettingsFile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    let text = unsafe Span(_unsafeElements: input)
    let vocabulary = FileSettings.AllowedNames(
        histograms: ["ml_request_duration_seconds", "ml_request_batch_size"], boundLimit: 4)
    var errors = ValidationErrors()
    let settings = FileSettings.parse(text, name: "f", vocabulary: vocabulary, errors: &errors)
    precondition((settings == nil) == !errors.isEmpty)
    for sentence in errors.sentences { precondition(sentence.hasPrefix("f:")) }
    return 0
}
