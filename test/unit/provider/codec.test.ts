import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { certificatePem, makeCertificate } from "../../../src/provider/plugin/certificate.ts";
import type { Attributes } from "../../../src/provider/plugin/schema.ts";
import {
	decodeObject,
	encodeObject,
	known,
	objectFromJson,
	same,
} from "../../../src/provider/plugin/value.ts";
import { PlanRequest, PlanResponse } from "../../../src/provider/wire/messages.ts";
import {
	Decimal,
	decodeMsgpack,
	encodeMsgpack,
	type Raw,
	unknown,
} from "../../../src/provider/wire/msgpack.ts";
import { decodeMessage, encodeMessage } from "../../../src/provider/wire/protobuf.ts";

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`provider seed ${seed} (OPENTACO_TEST_SEED repeats it)`);
const assertAll = <T>(property: fc.IProperty<T>) => fc.assert(property, { seed, numRuns: 200 });

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

const raw: fc.Arbitrary<Raw> = fc.letrec<{ value: Raw }>((tie) => ({
	value: fc.oneof(
		{ maxDepth: 4 },
		fc.constant(null),
		fc.constant(unknown),
		fc.boolean(),
		fc.string({ unit: "grapheme", maxLength: 300 }),
		fc.maxSafeInteger(),
		fc.double({ noNaN: true }).filter((one) => !Object.is(one, -0)),
		fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 64n - 1n }),
		fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) - 1n }),
		fc.array(tie("value"), { maxLength: 20 }),
		fc.dictionary(fc.string(), tie("value"), { noNullPrototype: false }),
	) as fc.Arbitrary<Raw>,
})).value;

describe("msgpack", () => {
	test("what is written is read again", () => {
		assertAll(
			fc.property(raw, (value) => {
				const read = decodeMsgpack(encodeMsgpack(value));
				expect(Bun.deepEquals(read, value, false)).toBe(true);
			}),
		);
	});

	test("damaged bytes are refused, never taken for something else", () => {
		assertAll(
			fc.property(raw, fc.nat(), (value, at) => {
				const bytes = encodeMsgpack(value);
				const cut = bytes.subarray(0, at % bytes.length);
				expect(() => decodeMsgpack(cut)).toThrow();
				expect(() => decodeMsgpack(Buffer.concat([bytes, Buffer.from([0xc0])]))).toThrow();
			}),
		);
		assertAll(
			fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
				try {
					decodeMsgpack(bytes);
				} catch (error) {
					expect(error).toBeInstanceOf(Error);
				}
			}),
		);
	});

	test("unknown values, plain and with refinements", () => {
		expect(decodeMsgpack(hex("d4 00 00"))).toBe(unknown);
		expect(decodeMsgpack(hex("c7 09 0c 82 01 c2 02 a4 70 72 65 2f"))).toBe(unknown);
		expect(Buffer.from(encodeMsgpack(unknown)).toString("hex")).toBe("d40000");
	});

	test("deep nesting is refused before the stack is", () => {
		expect(() => decodeMsgpack(Buffer.alloc(100_000, 0x91))).toThrow("nested");
	});

	test("a key called __proto__ is a key", () => {
		const map = JSON.parse('{"__proto__":"x"}') as Raw;
		const read = decodeMsgpack(encodeMsgpack(map)) as Record<string, Raw>;
		expect(Object.keys(read)).toEqual(["__proto__"]);
		expect(Object.getPrototypeOf(read)).toBeNull();
	});
});

const attributes: Attributes = {
	n: { type: "number", mode: "optional", description: "" },
	s: { type: "string", mode: "optional", description: "" },
	m: { type: ["map", "string"], mode: "optional", description: "" },
	set: { type: ["set", "string"], mode: "optional", description: "" },
};
const empty = { n: null, s: null, m: null, set: null };
const throughWire = (value: Raw) =>
	decodeObject(attributes, { msgpack: encodeMsgpack(value), json: new Uint8Array(0) });

describe("values", () => {
	test.each([
		["0.1", new Decimal("0.1")],
		["0.00000015", new Decimal("0.00000015")],
		["9223372036854775808", new Decimal("9223372036854775808")],
		["12", 12],
	])("a number that comes as the text %s keeps its digits", (text, expected) => {
		const read = throughWire({ ...empty, n: text });
		expect(read?.n).toEqual(expected);
		const again = decodeMsgpack(encodeObject(read).msgpack) as Record<string, Raw>;
		expect(String(again.n)).toBe(text);
	});

	test("the digits of a stored state survive", () => {
		const state = objectFromJson(
			attributes,
			Buffer.from('{"n":123456789012345678901,"s":"x","old":1}'),
		);
		expect(state?.n).toEqual(new Decimal("123456789012345678901"));
		expect(Object.keys(state ?? {})).toEqual(["n", "s", "m", "set"]);
		expect(state?.m).toBeNull();
	});

	test("a value of the wrong type is refused", () => {
		expect(() => throughWire({ ...empty, s: 1 })).toThrow();
		expect(() => throughWire({ ...empty, n: "x" })).toThrow();
		expect(() => throughWire({ ...empty, m: ["a"] })).toThrow();
		expect(() => throughWire({ s: "x" })).toThrow();
	});

	test("a label called __proto__ reaches the code and the wire", () => {
		const labels = JSON.parse('{"__proto__":"x","a":"b"}') as Raw;
		const read = throughWire({ ...empty, m: labels });
		expect(JSON.stringify(known(attributes, read ?? {}).m)).toBe('{"__proto__":"x","a":"b"}');
	});

	test("the order of a set does not count, an unknown value equals nothing", () => {
		expect(same(["set", "string"], ["a", "b"], ["b", "a"])).toBe(true);
		expect(same(["list", "string"], ["a", "b"], ["b", "a"])).toBe(false);
		expect(same("string", unknown, unknown)).toBe(false);
		expect(same("number", 12, new Decimal("12"))).toBe(true);
	});
});

describe("protobuf", () => {
	const bytes = fc.uint8Array({ maxLength: 50 });
	const dynamic = fc.record({ msgpack: bytes, json: bytes });

	test("what is written is read again", () => {
		const request = fc.record({
			typeName: fc.string({ unit: "grapheme" }),
			priorState: fc.option(dynamic, { nil: undefined }),
			proposedNewState: dynamic,
			config: dynamic,
			priorPrivate: bytes,
		});
		assertAll(
			fc.property(request, (value) => {
				const read = decodeMessage(PlanRequest, encodeMessage(PlanRequest, value));
				expect(Bun.deepEquals(read, value, false)).toBe(true);
			}),
		);
		const step = fc.record({
			attributeName: fc.string(),
			elementKeyString: fc.string(),
			elementKeyInt: fc.integer(),
		});
		assertAll(
			fc.property(fc.array(fc.record({ steps: fc.array(step) })), (requiresReplace) => {
				const read = decodeMessage(PlanResponse, encodeMessage(PlanResponse, { requiresReplace }));
				expect(read.requiresReplace).toEqual(requiresReplace);
			}),
		);
	});

	test("fields that the tables do not know are skipped", () => {
		// Fields 90 to 93, of all four kinds, around type_name.
		const more = hex("d005 8001 d905 0102030405060708 da05 03 616263 dd05 01020304 0a 01 78");
		expect(decodeMessage(PlanRequest, more).typeName).toBe("x");
	});

	test("arbitrary and cut bytes are refused, never followed beyond their end", () => {
		assertAll(
			fc.property(fc.uint8Array({ maxLength: 64 }), (input) => {
				try {
					decodeMessage(PlanRequest, input);
				} catch (error) {
					expect(error).toBeInstanceOf(Error);
				}
			}),
		);
		expect(() => decodeMessage(PlanRequest, hex("0a 05 61"))).toThrow();
		expect(() => decodeMessage(PlanRequest, hex("08 01"))).toThrow();
	});
});

test("the certificate is what a TLS client of Terraform's accepts", () => {
	const now = Date.parse("2026-03-04T05:06:07Z");
	const made = makeCertificate(now);
	const read = new X509Certificate(made.cert);
	expect(read.checkHost("localhost")).toBe("localhost");
	expect(read.verify(read.publicKey)).toBe(true);
	expect(read.ca).toBe(true);
	expect(read.keyUsage).toContain("1.3.6.1.5.5.7.3.1");
	expect(Date.parse(read.validFrom)).toBeLessThan(now);
	expect(Date.parse(read.validTo)).toBeGreaterThan(now);
	expect(Buffer.from(read.raw).equals(Buffer.from(made.der))).toBe(true);
	expect(makeCertificate(now).cert).not.toBe(made.cert);
});

test("a certificate of any length is written without an empty line", () => {
	for (let length = 1; length < 400; length++) {
		const der = Buffer.alloc(length, length);
		const lines = certificatePem(der).trimEnd().split("\n");
		expect(lines.every((line) => line !== "" && line.length <= 64)).toBe(true);
		expect(Buffer.from(lines.slice(1, -1).join(""), "base64").equals(der)).toBe(true);
	}
});
