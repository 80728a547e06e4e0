import Kernel
import Testing
import Wire

struct RecordTests {
    @Test func `what is written is read`() {
        var writer = ByteWriter([7])
        let numbers: [UInt64] = [0, 1, 127, 128, 300, 1 << 53, .max]
        for number in numbers { writer.write(number) }
        writer.write(-1.5)
        writer.write("héllo")
        writer.write(true)
        var reader = ByteReader(writer.bytes.span)
        let first = reader.number()
        #expect(first == 7)
        for number in numbers {
            let read = reader.number()
            #expect(read == number)
        }
        let double = reader.double()
        let text = reader.text().string
        let flag = reader.flag()
        #expect(double == -1.5 && text == "héllo" && flag)
        let isWhole = reader.isAtEnd && !reader.isDamaged
        #expect(isWhole)
    }

    @Test(
        arguments: [
            [], [0x80], [UInt8](repeating: 0xFF, count: 10), [5, 1, 2],
        ] as [[UInt8]])
    func `damage is noticed and reads as nothing`(bytes: [UInt8]) {
        var reader = ByteReader(bytes.span)
        let text = reader.text().count
        let number = reader.number()
        let isDamaged = reader.isDamaged
        #expect(text == 0 && number == 0 && isDamaged)
    }

    @Test func `a number that is too large is damage`() {
        let bytes: [UInt8] = [3, 4]
        var reader = ByteReader(bytes.span)
        let known = reader.number(below: 4)
        let isWhole = !reader.isDamaged
        #expect(known == 3 && isWhole)
        let unknown = reader.number(below: 4)
        let isDamaged = reader.isDamaged
        #expect(unknown == 0 && isDamaged)
    }
}
