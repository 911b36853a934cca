import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DomainError } from "../../../../src/core/errors.ts";
import { limits } from "../../../../src/core/limits.ts";
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

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`unit-id seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

function check(property: fc.IRawProperty<unknown>, numRuns = 2000): void {
	fc.assert(property, { seed, numRuns });
}

function refusal(act: () => unknown): DomainError {
	try {
		act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_unit_id") {
			return error;
		}
		throw error;
	}
	throw new Error("accepted");
}

function accepted(act: () => UnitId): string | null {
	try {
		return act();
	} catch (error) {
		if (error instanceof DomainError && error.code === "invalid_unit_id") {
			return null;
		}
		throw error;
	}
}

/** Raw paths rich in everything that the escape has to think about. */
const piece = fc.oneof(
	fc.constantFrom(
		..."aZ09_._./-",
		"__",
		"_.",
		"_.2E",
		"_.e",
		"_.k",
		".lock",
		".tflock",
		"terraform.tfstate",
		"__opentaco",
		"__opentaco_system",
		" ",
		":",
		"\n",
		"\ufeff",
		"\u00e9",
	),
	fc.string({ unit: "binary", maxLength: 3 }),
);
const rawText = fc
	.array(piece, { minLength: 1, maxLength: 12 })
	.map((pieces) => pieces.join(""))
	.filter((text) => !text.includes("\0"));
const rawKey = fc.oneof(
	rawText,
	rawText.map((path) => `${path}/terraform.tfstate`),
);

const naturalSegment = fc
	.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,12}$/)
	.filter(
		(segment) => !/__|_$|^terraform\.tfstate|\.(tf)?lock$|_\.[0-9A-F]{2}|_\.k$/.test(segment),
	);
const naturalId = fc
	.array(naturalSegment, { minLength: 1, maxLength: 6 })
	.map((segments) => segments.join("/"));
const anyId: fc.Arbitrary<UnitId> = fc.oneof(
	naturalId.map(parseUnitId),
	rawKey.map(unitIdOfKey).filter((id): id is UnitId => id !== null),
	fc.constant(systemUnitId),
);

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
				const ours = key === "__opentaco" || key.startsWith("__opentaco/");
				const lock = /\.(tf)?lock$/.test(key);
				const short = Buffer.byteLength(key) <= 45;
				if (short && key !== "" && key.isWellFormed()) {
					expect(unitIdOfKey(key) === null).toBe(ours || lock);
				}
			}),
			10_000,
		);
	});

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

describe("paths", () => {
	const separator = fc.constantFrom("/", "%2F", "%2f", "__", "%5F_", "_%5f");

	test("raw slash, %2F and __ spell the same id", () => {
		check(
			fc.property(anyId, fc.infiniteStream(separator), (id, separators) => {
				if (id === systemUnitId) {
					expect(parseUnitPath(id)).toBe(id);
					return;
				}
				let path = "";
				for (const [index, segment] of id.split("/").entries()) {
					path += index === 0 ? segment : separators.next().value + segment;
				}
				expect(parseUnitPath(path)).toBe(id);
			}),
			5000,
		);
	});

	test("percent-encoding any character changes nothing, encoding twice is refused", () => {
		check(
			fc.property(anyId, fc.infiniteStream(fc.boolean()), (id, encodes) => {
				const path = [...id]
					.map((char) =>
						encodes.next().value ? `%${char.charCodeAt(0).toString(16).padStart(2, "0")}` : char,
					)
					.join("");
				expect(parseUnitPath(path)).toBe(id);
				if (path.includes("%")) {
					refusal(() => parseUnitPath(path.replaceAll("%", "%25")));
				}
			}),
		);
	});

	test("without % and __, a path is accepted exactly when the id is", () => {
		check(
			fc.property(rawText, (text) => {
				if (!text.includes("%") && !text.includes("__")) {
					expect(accepted(() => parseUnitPath(text))).toBe(accepted(() => parseUnitId(text)));
				}
			}),
			5000,
		);
	});

	test("arbitrary paths give an id or a refusal, and the id is valid", () => {
		const noise = fc
			.array(
				fc.oneof(
					fc.constantFrom("a", "/", "%", "%2F", "__", "_", "..", "%2e", "%25", "%ff", "%00"),
					fc.string({ unit: "binary", maxLength: 2 }),
				),
				{ maxLength: 10 },
			)
			.map((parts) => parts.join(""));
		check(
			fc.property(noise, (path) => {
				const id = accepted(() => parseUnitPath(path));
				if (id !== null) {
					expect(parseUnitId(id) as string).toBe(id);
				}
			}),
			10_000,
		);
	});
});

describe("action paths", () => {
	const actions = new Set(["lock", "unlock", "versions", "download", "restore"]);
	const cases: readonly [string, string, string | null, string[]][] = [
		["myapp/prod", "myapp/prod", null, []],
		["myapp/prod/lock", "myapp/prod", "lock", []],
		["myapp/prod:lock", "myapp/prod", "lock", []],
		["myapp/prod:unlock", "myapp/prod", "unlock", []],
		["myapp__prod:unlock", "myapp/prod", "unlock", []],
		["myapp/prod%3Alock", "myapp/prod", "lock", []],
		["myapp__prod/lock", "myapp/prod", "lock", []],
		["myapp%2Fprod/lock", "myapp/prod", "lock", []],
		["myapp%2fprod%2flock", "myapp/prod/lock", null, []],
		["myapp__prod__lock", "myapp/prod/lock", null, []],
		["myapp/prod__lock", "myapp/prod/lock", null, []],
		["myapp/prod__lock/lock", "myapp/prod/lock", "lock", []],
		["myapp/prod/lock/lock", "myapp/prod/lock", "lock", []],
		["myapp/lock/prod", "myapp/lock/prod", null, []],
		["lock", "lock", null, []],
		["lock/lock", "lock", "lock", []],
		["lock:lock", "lock", "lock", []],
		["versions/7", "versions/7", null, []],
		["myapp/versions", "myapp", "versions", []],
		["myapp/prod/versions/7", "myapp/prod", "versions", ["7"]],
		["myapp/prod/versions/7/download", "myapp/prod", "versions", ["7", "download"]],
		["myapp__versions__7/download", "myapp/versions/7", "download", []],
		["myapp__versions/versions/7", "myapp/versions", "versions", ["7"]],
		["myapp/versions/7/prod", "myapp/versions/7/prod", null, []],
		["myapp/versions/v7", "myapp/versions/v7", null, []],
		["myapp/lock/7", "myapp/lock/7", null, []],
		["__opentaco_system", "__opentaco_system", null, []],
		["__opentaco_system/lock", "__opentaco_system", "lock", []],
		["__opentaco_system:lock", "__opentaco_system", "lock", []],
		["__opentaco_system/versions/12/download", "__opentaco_system", "versions", ["12", "download"]],
		["env_.3A/dev/app/lock", "env_.3A/dev/app", "lock", []],
		["env_.3A__dev__app/lock", "env_.3A/dev/app", "lock", []],
	];
	for (const [path, id, action, rest] of cases) {
		test(path, () => {
			expect(parseUnitActionPath(path, actions)).toEqual({
				id: parseUnitId(id),
				action,
				rest,
			});
		});
	}

	test("refuses what is no id before the action", () => {
		for (const path of [
			"/lock",
			":lock",
			"a:b",
			"a:restore",
			"a:lock/lock",
			"a/:lock",
			"a/lock/",
			"a%00/lock",
			"a%252Fb/lock",
			"../lock",
			"versions/7/download/",
		]) {
			refusal(() => parseUnitActionPath(path, actions));
		}
	});

	test("an id written as one segment is never read as an action", () => {
		check(
			fc.property(anyId, fc.constantFrom(...actions), fc.boolean(), (id, action, percent) => {
				const segment = percent ? encodeURIComponent(id) : encodeUnitId(id);
				expect(parseUnitActionPath(segment, actions)).toEqual({
					id,
					action: null,
					rest: [],
				});
				expect(parseUnitActionPath(`${segment}/${action}`, actions)).toEqual({
					id,
					action,
					rest: [],
				});
			}),
		);
	});
});
