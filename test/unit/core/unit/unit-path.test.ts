import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
	encodeUnitId,
	parseUnitActionPath,
	parseUnitId,
	parseUnitPath,
	systemUnitId,
} from "../../../../src/core/unit/unit-id.ts";
import { accepted, anyId, check, rawText, refusal } from "../../../support/unit-id-properties.ts";

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
