import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { limits } from "../../../../src/core/limits.ts";
import {
	checkState,
	replaceSerial,
	replaceSerialStream,
	sizeWithSerial,
} from "../../../../src/core/state/tfstate.ts";
import {
	bytesOf,
	cuts,
	factsOf,
	inPieces,
	randomJson,
	refusal,
	sample,
	seed,
} from "../../../support/state-properties.ts";

describe("facts", () => {
	test("of a state", () => {
		const bytes = bytesOf(sample);
		const start = sample.indexOf("41,");
		expect(checkState(bytes)).toEqual({
			version: 4,
			terraformVersion: "1.11.4",
			serial: 41,
			lineage: "3f1c9b1e-0b7e-4f38-9a51-6e4f0d3f1a2b",
			encrypted: false,
			sizeBytes: bytes.length,
			serialAt: { start, end: start + 2 },
			sha256: createHash("sha256").update(bytes).digest("hex"),
			md5: createHash("md5").update(bytes).digest("base64"),
		});
	});

	test("of an encrypted envelope", () => {
		const meta = '"meta":{"key_provider.pbkdf2.k":"e30="}';
		expect(factsOf(`{${meta},"encrypted_data":"AAAA","encryption_version":"v0"}`)).toMatchObject({
			encrypted: true,
			version: null,
			serial: null,
			lineage: null,
			serialAt: null,
		});
		expect(
			factsOf(`{"serial":3,"lineage":"l","encrypted_data":"${"A".repeat(5000)}",${meta}}`),
		).toMatchObject({ encrypted: true, version: null, serial: 3, lineage: "l" });
		expect(refusal(() => factsOf('{"encrypted_data":"AAAA"}')).message).toContain("version");
		expect(refusal(() => factsOf(`{"encrypted_data":7,${meta}}`)).message).toContain("version");
		refusal(() => factsOf(`{"serial":-3,"encrypted_data":"A",${meta}}`));
	});

	test("come from the top level only, whatever spelling the keys have", () => {
		expect(
			factsOf(
				'{"x":{"serial":9,"version":8},"\\u0073erial":1,"version":4,"lineag\\u0065":"\\u00e9"}',
			),
		).toMatchObject({ serial: 1, version: 4, lineage: "\u00e9" });
		expect(
			refusal(() => factsOf('{"x":{"version":4,"serial":1,"lineage":"a"}}')).message,
		).toContain('no "version"');
	});

	test("need all three of version, serial and lineage", () => {
		for (const field of ["version", "serial", "lineage"]) {
			const state = { version: 4, serial: 1, lineage: "a" };
			const { [field as "serial"]: _, ...rest } = state;
			expect(refusal(() => factsOf(JSON.stringify(rest))).message).toContain(`no "${field}"`);
		}
	});
});

function withSerial(serial: string): string {
	return `{"version":4,"serial":${serial},"lineage":"a"}`;
}

describe("values", () => {
	test("a serial is a plain whole number up to 2^53-1", () => {
		for (const serial of ["0", "1", "10", "9007199254740991"]) {
			expect(factsOf(withSerial(serial)).serial).toBe(Number(serial));
		}
		for (const serial of [
			"-1",
			"-0",
			"1.0",
			"1e0",
			"1E2",
			"0.0",
			"9007199254740992",
			"9007199254740993",
			"99999999999999999999999999",
			`1${"0".repeat(5000)}`,
			'"1"',
			"null",
			"true",
			"[1]",
			"{}",
		]) {
			expect(refusal(() => factsOf(withSerial(serial))).message).toContain("serial");
		}
		for (const serial of [
			"01",
			"+1",
			"1.",
			".1",
			"1e",
			"1e+",
			"--1",
			"0x1",
			"1_0",
			"Infinity",
			"",
		]) {
			expect(refusal(() => factsOf(withSerial(serial))).message).toContain("not valid JSON");
		}
	});

	test("a version is a plain whole number from 1", () => {
		expect(factsOf('{"version":1,"serial":1,"lineage":"a"}').version).toBe(1);
		for (const version of ["0", "-4", "4.0", '"4"', "null", "[]"]) {
			const text = `{"version":${version},"serial":1,"lineage":"a"}`;
			expect(refusal(() => factsOf(text)).message).toContain("version");
		}
	});

	test("a lineage is a string, not empty, at most 1 KiB", () => {
		const withLineage = (lineage: string) => `{"version":4,"serial":1,"lineage":${lineage}}`;
		expect(factsOf(withLineage(`"${"x".repeat(1024)}"`)).lineage).toHaveLength(1024);
		expect(factsOf(withLineage(`"${"\\u0078".repeat(1024)}"`)).lineage).toBe("x".repeat(1024));
		for (const lineage of [
			'""',
			"null",
			"1",
			"{}",
			`"${"x".repeat(1025)}"`,
			`"${"\u00e9".repeat(513)}"`,
			`"${"x".repeat(100_000)}"`,
			'"\\ud800"',
		]) {
			expect(refusal(() => factsOf(withLineage(lineage))).message).toContain("lineage");
		}
	});

	test("a terraform_version is a string", () => {
		const text = (version: string) =>
			`{"terraform_version":${version},"version":4,"serial":1,"lineage":"a"}`;
		expect(factsOf(text('"1.9.0-beta1"')).terraformVersion).toBe("1.9.0-beta1");
		expect(factsOf(withSerial("1")).terraformVersion).toBeNull();
		refusal(() => factsOf(text("1")));
		refusal(() => factsOf(text(`"${"1".repeat(257)}"`)));
	});

	test("a key that matters stands once, in its own case", () => {
		for (const again of [
			'"serial":1',
			'"serial":2',
			'"s\\u0065rial":1',
			'"Serial":9',
			'"\u017ferial":9',
			'"LINEAGE":"b"',
			'"version":4',
			'"Encrypted_Data":"A"',
		]) {
			const text = `{"version":4,"serial":1,"lineage":"a",${again}}`;
			expect(refusal(() => factsOf(text)).message).toMatch(/twice|in another case/);
		}
		expect(factsOf('{"version":4,"serial":1,"lineage":"a","x":1,"x":2}').serial).toBe(1);
	});
});

describe("refusals", () => {
	test("say what the body is instead", () => {
		expect(refusal(() => factsOf("")).message).toContain("empty");
		expect(refusal(() => factsOf(" \n")).message).toContain("empty");
		const page = refusal(() => factsOf("<!DOCTYPE html><html>"));
		expect(page.message).toContain("HTML");
		expect(page.hint).toMatch(/proxy|login/);
		expect(refusal(() => factsOf(`\ufeff${sample}`)).message).toContain("byte order mark");
		for (const text of ["[]", '"a"', "4", "null", "true", "hello", "\0", "\x1f\x8b"]) {
			expect(refusal(() => factsOf(text)).message).toContain("no JSON object starts at byte 0");
		}
	});

	test("name the byte and never the content", () => {
		const cases: [string, number][] = [
			['{"secret":"a\nb"}', 12],
			['{"secret" "secret"}', 10],
			['{"secret":"\\x"}', 12],
			['{"secret":"\\u00g0"}', 15],
			['{"secret":secret}', 10],
			['{"secret":1 2}', 12],
			['{"secret":1,}', 12],
			['{"secret":[1,]}', 13],
			['{"secret":[1}', 12],
			['{"version":4,"serial":1,"lineage":"a"} secret', 39],
			['{"version":4,"serial":1,"lineage":"a","serial":"secret"}', 38],
			['{"version":4,"serial":"secret"}', 22],
			["{'secret':1}", 1],
		];
		for (const [text, offset] of cases) {
			const error = refusal(() => factsOf(text));
			expect(error.message).toContain(`at byte ${offset}`);
			expect(`${error.message} ${error.hint} ${error.privateDetail}`).not.toContain("secret");
		}
	});

	test("bound the depth", () => {
		const nested = (depth: number) =>
			`{"version":4,"serial":1,"lineage":"a","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
		expect(factsOf(nested(limits.jsonDepthMax)).serial).toBe(1);
		expect(refusal(() => factsOf(nested(limits.jsonDepthMax + 1))).message).toContain("deeper");
		expect(refusal(() => factsOf('{"a":'.repeat(100_000))).message).toContain("deeper");
	});

	test("take a state cut anywhere as cut off", () => {
		const bytes = bytesOf(sample);
		for (let size = 1; size < bytes.length - 1; size++) {
			expect(refusal(() => checkState(bytes.subarray(0, size))).message).toContain(
				`it ends after ${size} bytes`,
			);
		}
		expect(checkState(bytes.subarray(0, bytes.length - 1)).serial).toBe(41);
	});
});

async function streamed(
	pieces: readonly Uint8Array[],
	serialAt: { start: number; end: number },
	serial: number,
): Promise<Uint8Array> {
	const source = new ReadableStream<Uint8Array>({
		start(controller) {
			for (const piece of pieces) {
				controller.enqueue(piece);
			}
			controller.close();
		},
	});
	return new Response(source.pipeThrough(replaceSerialStream(serialAt, serial))).bytes();
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
	try {
		await promise;
	} catch (error) {
		return error;
	}
	throw new Error("resolved");
}

describe("replaceSerial", () => {
	test("changes the serial's digits and no other byte", () => {
		for (const serial of [0, 7, 42, 1000, Number.MAX_SAFE_INTEGER]) {
			const bytes = bytesOf(sample);
			const { serialAt } = checkState(bytes);
			const out = replaceSerial(bytes, serialAt as NonNullable<typeof serialAt>, serial);
			expect(new TextDecoder().decode(out)).toBe(
				sample.replace('"serial": 41', `"serial": ${serial}`),
			);
			expect(checkState(out).serial).toBe(serial);
		}
	});

	test("does so on streams, however they are cut", async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.maxSafeNat(),
				fc.maxSafeNat(),
				randomJson,
				cuts,
				async (old, serial, json, at) => {
					const bytes = bytesOf(`{"x":${json},"serial":${old},"version":4,"lineage":"a"}`);
					const serialAt = checkState(bytes).serialAt as { start: number; end: number };
					const out = await streamed(inPieces(bytes, at), serialAt, serial);
					expect(out).toEqual(replaceSerial(bytes, serialAt, serial));
					expect(out.length).toBe(sizeWithSerial(bytes.length, serialAt, serial));
					expect(new TextDecoder().decode(out)).toBe(
						`{"x":${json},"serial":${serial},"version":4,"lineage":"a"}`,
					);
				},
			),
			{ seed, numRuns: 300 },
		);
	});

	test("refuses a place that holds no digits, and a serial that is none", async () => {
		const bytes = bytesOf(sample);
		for (const place of [
			{ start: 0, end: 2 },
			{ start: 5, end: 5 },
			{ start: bytes.length, end: bytes.length + 2 },
			{ start: bytes.length + 1, end: bytes.length + 2 },
		]) {
			expect(() => replaceSerial(bytes, place, 1)).toThrow("no serial");
			expect(String(await rejection(streamed([bytes], place, 1)))).toContain("no serial");
		}
		const { serialAt } = checkState(bytes);
		for (const serial of [-1, 1.5, 2 ** 53, Number.NaN]) {
			expect(() =>
				replaceSerial(bytes, serialAt as NonNullable<typeof serialAt>, serial),
			).toThrow();
		}
	});
});
