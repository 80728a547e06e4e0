/// What a push may hold. What goes beyond is refused, or left out, and counted.
package struct EventLimits: Sendable, Equatable {
    /// Bytes of a body as it is decoded.
    package var plainBytes = 20 << 20
    /// Inflated bytes up to which a body may be compressed as well as it can be.
    package var ratioFreeBytes = 4 << 20
    /// How many times its compressed bytes a body beyond `ratioFreeBytes` may have.
    package var ratio = 100
    /// Events of one push; a row of columns is an event.
    package var events = 10_000
    /// Features of one event; further ones are left out.
    package var features = 200
    /// Entries of `scores`, `groups`, `attributions`, `input_errors`, `metrics` and their like.
    package var entries = 200
    /// Labels of a metric.
    package var labels = 30
    /// Bytes of a name: a model, a version, a feature, a metric.
    package var nameBytes = 255
    /// Bytes of a text that is no name: a class, a category, an id.
    package var valueBytes = 1024
    /// CPU time for decoding one body.
    package var decodingTime = Duration.seconds(2)
    /// Keys and values of one element of the body.
    package var tokens = 2_500_000
    /// How far a timestamp may be from now.
    package var timestampSeconds = 86_400.0

    package init() {}
}
