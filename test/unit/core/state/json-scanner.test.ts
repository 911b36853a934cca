import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkState } from "../../../../src/core/state/tfstate.ts";
import {
	bytesOf,
	change,
	changed,
	check,
	cuts,
	factsOf,
	inPieces,
	joined,
	notJson,
	outcome,
	parsed,
	prefix,
	randomJson,
	sample,
	scanPieces,
	soup,
} from "../../../support/state-properties.ts";

describe("against JSON.parse", () => {
	test("random JSON inside a state is accepted", () => {
		check(
			fc.property(randomJson, cuts, (json, at) => {
				const bytes = bytesOf(`${prefix}${json}}`);
				expect(scanPieces(inPieces(bytes, at))).toEqual(checkState(bytes));
			}),
		);
	});

	test("anything inside a state is accepted exactly when JSON.parse accepts it", () => {
		let accepted = 0;
		const body = fc.oneof(
			soup,
			fc
				.tuple(randomJson, fc.array(change, { minLength: 1, maxLength: 3 }))
				.map(([json, changes]) => changed(bytesOf(json), changes)),
		);
		check(
			fc.property(body, (inner) => {
				const bytes = Buffer.concat([bytesOf(prefix), inner, bytesOf("}")]);
				const value = parsed(bytes);
				const found = outcome(() => checkState(bytes));
				if (value === undefined) {
					expect(found).toMatch(notJson);
				} else {
					accepted++;
					expect(found).toMatchObject({ version: 4, serial: 1, lineage: "a", encrypted: false });
				}
			}),
			20_000,
		);
		expect(accepted).toBeGreaterThan(1000);
	});

	test("a changed state is refused as JSON exactly when JSON.parse refuses it", () => {
		let accepted = 0;
		check(
			fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
				const bytes = changed(bytesOf(sample), changes);
				const value = parsed(bytes) as Record<string, unknown> | undefined;
				const found = outcome(() => checkState(bytes));
				if (value === undefined) {
					// A fault of a field may come before the fault of the JSON, and ends the scan.
					expect(typeof found).toBe("string");
				} else if (typeof found === "string") {
					expect(found).not.toMatch(notJson);
				} else {
					accepted++;
					expect(found.version).toBe(value.version as number);
					expect(found.serial).toBe(value.serial as number);
					expect(found.lineage).toBe(value.lineage as string);
					expect(found.terraformVersion).toBe((value.terraform_version ?? null) as string);
				}
			}),
			5000,
		);
		expect(accepted).toBeGreaterThan(100);
	});

	test("every byte is taken or refused in every place as JSON.parse does", () => {
		const places: [string, string][] = [
			["", ""],
			['"', '"'],
			['"\\', '"'],
			['"\\u00', '0"'],
			["1", "1"],
			["1", ""],
			["-", ""],
			["0", ""],
			["1.", ""],
			["1e", "1"],
			["1.5e+1", ""],
			["[1", "2]"],
			["{", "}"],
			['{"a"', "1}"],
			["tr", "e"],
			['"\u00e9', '"'],
		];
		for (const [before, after] of places) {
			for (let byte = 0; byte < 256; byte++) {
				const bytes = joined([prefix, before, [byte], after, "}"]);
				const found = outcome(() => checkState(bytes));
				expect([before, byte, typeof found]).toEqual([
					before,
					byte,
					parsed(bytes) === undefined ? "string" : "object",
				]);
			}
		}
	});

	test("the outcome does not depend on how the bytes are cut", () => {
		const body = fc.oneof(
			fc.array(change, { maxLength: 2 }).map((changes) => changed(bytesOf(sample), changes)),
			soup.map((inner) => Buffer.concat([bytesOf(prefix), inner, bytesOf("}")])),
		);
		check(
			fc.property(body, cuts, (bytes, at) => {
				const whole = outcome(() => checkState(bytes));
				expect(outcome(() => scanPieces(inPieces(bytes, at)))).toEqual(whole);
				const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
				expect(outcome(() => scanPieces(single))).toEqual(whole);
			}),
			1000,
		);
	});

	test("every field value is read as JSON.parse reads it", () => {
		const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
		check(
			fc.property(
				fc.maxSafeNat(),
				fc.integer({ min: 1 }),
				text,
				text,
				fc.constantFrom(undefined, 1, "\t"),
				fc.boolean(),
				(serial, version, lineage, terraformVersion, space, ascii) => {
					const state = {
						serial,
						lineage,
						outputs: {},
						version,
						terraform_version: terraformVersion,
					};
					let json = JSON.stringify(state, null, space);
					if (ascii) {
						json = json.replace(/[^ -~]/g, (char) =>
							char < " " ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
						);
					}
					expect(factsOf(json)).toMatchObject({ serial, version, lineage, terraformVersion });
				},
			),
		);
	});
});
