extension Catalog {
    static let hardware: [Entry] = []
}
