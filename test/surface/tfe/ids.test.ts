/** Ids of this surface: legal for clients, different for different things, told apart again. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeUnitId, parseUnitId } from "../../../src/core/unit/unit-id.ts";
import {
	fullId,
	localId,
	outputId,
	parseOutputId,
	parseStateVersionId,
	splitId,
	stateVersionId,
	unitOfWorkspaceId,
	workspaceId,
} from "../../../src/server/surfaces/tfe/ids.ts";
import { scopeOf } from "../../../src/server/surfaces/tfe/scope.ts";
import { check, naturalId } from "../../support/unit-id-properties.ts";

const root = { name: "default", isDefault: true, key: null };
const acme = { name: "acme", isDefault: false, key: "acme" };
const none = new URLSearchParams();

const organization = fc.oneof(
	fc.constant(root),
	fc
		.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/)
		.filter((name) => name !== root.name)
		.map((name) => ({ name, isDefault: false, key: name })),
);
/** What the vendor's client takes for an id. */
const legal = /^[a-zA-Z0-9._-]+$/;

describe("ids", () => {
	test("of every kind come back as they went out, with their organization", () => {
		check(
			fc.property(organization, naturalId, fc.nat(9999), (where, text, number) => {
				const unit = parseUnitId(text);
				const version = { unit, number, md5: "0123456789abcdef".repeat(2) };
				const ids = [
					workspaceId(where, unit),
					stateVersionId(where, version),
					outputId(where, version, "vpc_id"),
				];
				for (const id of ids) {
					expect(id).toMatch(legal);
					const { organization: name } = splitId(id);
					expect(name).toBe(where.isDefault ? null : where.name);
				}
				const [workspace = "", state = "", output = ""] = ids.map((id) => localId(where, id));
				expect(unitOfWorkspaceId(workspace)).toBe(unit);
				expect(parseStateVersionId(state)).toEqual(version);
				expect(parseOutputId(output)).toEqual({ version, name: "vpc_id" });
			}),
		);
	});

	test("of the default organization do not name it", () => {
		const unit = parseUnitId("myapp/prod");
		expect(workspaceId(root, unit)).toBe("ws-myapp__prod");
		expect(workspaceId(acme, unit)).toBe("ws-.acme.myapp__prod");
		expect(fullId(acme, "prj-default")).toBe("prj-.acme.default");
	});

	test("of another organization are none here", () => {
		const unit = parseUnitId("myapp/prod");
		const beta = { name: "beta", isDefault: false, key: "beta" };
		for (const [from, to] of [
			[root, acme],
			[acme, root],
			[acme, beta],
		] as const) {
			expect(() => localId(to, workspaceId(from, unit))).toThrow("there is no such thing");
		}
	});
});

describe("the organization of an address", () => {
	const id = `ws-.acme.${encodeUnitId(parseUnitId("a/b"))}`;

	test("is the one that it names, by name or in an id", () => {
		expect(scopeOf({}, none, root)).toEqual({ organization: "default", params: {} });
		expect(scopeOf({ workspace: "ws-a__b" }, none, root).organization).toBe("default");
		expect(scopeOf({ workspace: id }, none, root)).toEqual({
			organization: "acme",
			params: { workspace: "ws-a__b" },
		});
		const both = { organization: "acme", project: "prj-.acme.x" };
		expect(scopeOf(both, none, root).params.project).toBe("prj-x");
		const query = new URLSearchParams({ "filter[organization][name]": "acme" });
		expect(scopeOf({}, query, root).organization).toBe("acme");
	});

	test("leaves names as they are", () => {
		const params = { organization: "default", name: "ws-.acme.x" };
		expect(scopeOf(params, none, root)).toEqual({ organization: "default", params });
	});

	test("is one, or there is nothing", () => {
		for (const params of [
			{ organization: "default", workspace: id },
			{ organization: "acme", workspace: "ws-a__b" },
			{ organization: "acme", workspace: "ws-.beta.a__b" },
			{ workspace: "ws-.default.a__b" },
			{ workspace: id, version: "sv-.beta.a__b-1-0" },
		]) {
			expect(() => scopeOf(params, none, root)).toThrow("there is no such thing");
		}
	});
});
