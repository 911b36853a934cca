import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { limits } from "../../../../src/core/limits.ts";
import { isPlatformKey } from "../../../../src/core/unit/platform-key.ts";
import {
	decodeUnitSegment,
	encodeUnitId,
	isReserved,
	lockKeyOfUnit,
	lockKeyOwner,
	parseUnitActionPath,
	parseUnitId,
	parseUnitPath,
	stateKeyOfUnit,
	systemUnitId,
	tfLockKeyOfUnit,
	type UnitId,
	unitIdOfKey,
} from "../../../../src/core/unit/unit-id.ts";
import {
	badIds,
	badPaths,
	escapedIds,
	foreignKeys,
	goodIds,
	naturalIds,
} from "../../../fixtures/unit-ids.ts";
import {
	accepted,
	anyId,
	check,
	naturalId,
	rawKey,
	rawText,
	refusal,
} from "../../../support/unit-id-properties.ts";

describe("corpus", () => {
	for (const { id, encoded, key } of goodIds) {
		test(`accepts ${JSON.stringify(id.slice(0, 40))}`, () => {
			const parsed = parseUnitId(id);
			expect(parsed as string).toBe(id);
			expect(encodeUnitId(parsed)).toBe(encoded);
			expect(decodeUnitSegment(encoded) as string).toBe(id);
			expect(parseUnitPath(encoded) as string).toBe(id);
			expect(parseUnitPath(id) as string).toBe(id);
			expect(parseUnitPath(encodeURIComponent(id)) as string).toBe(id);
			expect(stateKeyOfUnit(id)).toBe(key);
			expect(unitIdOfKey(key) as string).toBe(id);
			expect(lockKeyOfUnit(id)).toBe(`${key}.lock`);
			expect(tfLockKeyOfUnit(id)).toBe(`${key}.tflock`);
			expect(lockKeyOwner(`${key}.lock`) as string).toBe(id);
			expect(lockKeyOwner(`${key}.tflock`) as string).toBe(id);
		});
	}

	for (const id of badIds) {
		test(`refuses ${JSON.stringify(id.slice(0, 40))}`, () => {
			const error = refusal(() => parseUnitId(id));
			expect(error.hint).not.toBe("");
			refusal(() => stateKeyOfUnit(id));
			refusal(() => lockKeyOfUnit(id));
			if (id.isWellFormed()) {
				refusal(() => parseUnitPath(encodeURIComponent(id)));
			}
		});
	}

	for (const path of badPaths) {
		test(`refuses the path ${JSON.stringify(path.slice(0, 40))}`, () => {
			refusal(() => parseUnitPath(path));
			refusal(() => parseUnitActionPath(`${path}/versions`, new Set(["versions"])));
		});
	}

	for (const key of foreignKeys) {
		test(`finds no unit at the key ${JSON.stringify(key.slice(0, 40))}`, () => {
			expect(unitIdOfKey(key)).toBeNull();
		});
	}

	test("holds every kind of id", () => {
		expect(naturalIds.length).toBeGreaterThan(20);
		expect(escapedIds.length).toBeGreaterThan(20);
		expect(new Set(goodIds.map(({ key }) => key)).size).toBe(goodIds.length);
	});
});

describe("refusals", () => {
	test("name the rule and never the value", () => {
		const rules: Record<string, RegExp> = {
			"": /is empty/,
			"a//b": /empty segment/,
			secret_: /ends in "_"/,
			__secret: /starts with "__"/,
			secret__x: /holds "__"/,
			"secret.lock": /ends in "\.lock"/,
			"secret.tflock": /ends in "\.tflock"/,
			"terraform.tfstate-secret": /starts with "terraform\.tfstate"/,
			"secret secret": /character/,
			"-secret": /does not start with/,
			"secret_.61": /escape/,
			["secret".repeat(31)]: /longer than 180 bytes/,
		};
		for (const [text, rule] of Object.entries(rules)) {
			const error = refusal(() => parseUnitId(text));
			expect(error.message).toMatch(rule);
			expect(`${error.message} ${error.hint}`).not.toContain("secret");
		}
	});

	test("count a slash as two bytes", () => {
		const fits = `${"x/".repeat(59)}xxx`;
		expect(encodeUnitId(parseUnitId(fits))).toHaveLength(180);
		refusal(() => parseUnitId(`${fits}x`));
	});

	test("hold for a single segment with a raw slash", () => {
		refusal(() => decodeUnitSegment("a/b"));
		refusal(() => decodeUnitSegment("__a"));
	});
});

describe("properties of ids", () => {
	test("every natural id is accepted and is its own escape", () => {
		check(
			fc.property(naturalId, (id) => {
				expect(parseUnitId(id) as string).toBe(id);
				expect(unitIdOfKey(`${id}/terraform.tfstate`) as string).toBe(id);
				expect(stateKeyOfUnit(id)).toBe(`${id}/terraform.tfstate`);
			}),
		);
	});

	test("decode after encode is the identity, and encode makes one legal file name", () => {
		check(
			fc.property(anyId, (id) => {
				const encoded = encodeUnitId(id);
				expect(decodeUnitSegment(encoded)).toBe(id);
				expect(encoded).toMatch(/^[A-Za-z0-9._-]+$/);
				expect(encoded.length).toBeLessThanOrEqual(limits.escapedIdBytesMax);
				expect(encoded).not.toMatch(/^\.{1,2}$/);
			}),
			5000,
		);
	});

	test("encode is injective", () => {
		check(
			fc.property(fc.uniqueArray(anyId, { minLength: 2, maxLength: 30 }), (ids) => {
				expect(new Set(ids.map(encodeUnitId)).size).toBe(ids.length);
			}),
		);
	});

	test("a segment that decodes is the encoding of what it decodes to", () => {
		const soup = fc
			.array(fc.constantFrom("a", "_", "__", "_.", ".", "2E", "5F", "e", "k"), {
				maxLength: 10,
			})
			.map((parts) => parts.join(""));
		check(
			fc.property(soup, (segment) => {
				const id = accepted(() => decodeUnitSegment(segment));
				if (id !== null) {
					expect(encodeUnitId(id as UnitId)).toBe(segment);
				}
			}),
			10_000,
		);
	});

	test("no accepted text leaves the grammar, whatever is tried", () => {
		check(
			fc.property(rawText, (text) => {
				const id = accepted(() => parseUnitId(text));
				if (id !== null) {
					expect(id).toBe(text);
					expect(text).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/);
					expect(unitIdOfKey(stateKeyOfUnit(id)) as string).toBe(id);
					expect(isReserved(id)).toBe(id === systemUnitId);
				}
			}),
			10_000,
		);
	});
});

describe("properties of keys", () => {
	test("every key that has a unit comes back exactly", () => {
		let found = 0;
		check(
			fc.property(rawKey, (key) => {
				const id = unitIdOfKey(key);
				if (id === null) {
					return;
				}
				found++;
				expect(parseUnitId(id)).toBe(id);
				expect(stateKeyOfUnit(id)).toBe(key);
			}),
			10_000,
		);
		expect(found).toBeGreaterThan(1000);
	});

	test("a short well-formed key has a unit unless it is the platform's or a lock", () => {
		check(
			fc.property(rawKey, (key) => {
				const ours = isPlatformKey(key);
				const lock = /\.(tf)?lock$/.test(key);
				const short = Buffer.byteLength(key) <= 45;
				if (short && key !== "" && key.isWellFormed()) {
					expect(unitIdOfKey(key) === null).toBe(ours || lock);
				}
			}),
			10_000,
		);
	});

	test.each([
		...["__opentaco", "__OPENTACO", "__OpenTaco", "__opentaco.", "__opentaco . ", "__OPEN~1"],
		...["__open\u200ctaco", "__opentaco\ufeff", "\uff3f\uff3fopentaco"],
	])("the folder %j is the platform's on some disk, so no unit lies in it", (folder) => {
		for (const rest of ["", "/register/rbac/1", "/log/a/1", "/a/terraform.tfstate"]) {
			expect(unitIdOfKey(`${folder}${rest}`)).toBeNull();
			expect(lockKeyOwner(`${folder}${rest}.lock`)).toBeNull();
		}
	});

	test.each([
		"__opentaco_system/terraform.tfstate",
		"__opentaco2/a",
		"opentaco/a",
		"a/__opentaco/b",
	])("the key %j is a unit's", (key) => expect(unitIdOfKey(key)).not.toBeNull());

	test("different keys have different units", () => {
		check(
			fc.property(fc.uniqueArray(rawKey, { maxLength: 30 }), (keys) => {
				const ids = keys.map(unitIdOfKey).filter((id) => id !== null);
				expect(new Set(ids).size).toBe(ids.length);
				expect(new Set(ids.map(encodeUnitId)).size).toBe(ids.length);
			}),
		);
	});

	test("a lock belongs to the unit of the key before its ending, and only a lock does", () => {
		check(
			fc.property(rawKey, (key) => {
				expect(lockKeyOwner(`${key}.lock`)).toBe(unitIdOfKey(key));
				expect(lockKeyOwner(`${key}.tflock`)).toBe(unitIdOfKey(key));
				if (!/\.(tf)?lock$/.test(key)) {
					expect(lockKeyOwner(key)).toBeNull();
				}
			}),
		);
	});
});
