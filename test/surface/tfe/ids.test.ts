/** Ids of this surface: legal for clients, different for different things, told apart again. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { newId } from "../../../src/core/organization/id.ts";
import {
	namedOrganization,
	type Organization,
	rootOrganization,
} from "../../../src/core/organization/organization.ts";
import type { Caller } from "../../../src/core/principal.ts";
import { parseUnitId } from "../../../src/core/unit/unit-id.ts";
import {
	fullId,
	localId,
	outputId,
	parseOutputId,
	parseStateVersionId,
	splitId,
	stateVersionId,
} from "../../../src/server/surfaces/tfe/ids.ts";
import { organizationOf, paramsIn } from "../../../src/server/surfaces/tfe/scope.ts";
import { realRandom } from "../../support/core.ts";
import { check, naturalId } from "../../support/unit-id-properties.ts";
import { workspaceId } from "../../support/workspace-id.ts";

const root = rootOrganization();
const acme = namedOrganization("acme", "acme");
const beta = namedOrganization("beta", "beta");
const none = new URLSearchParams();

const organization = fc.oneof(
	fc.constant(root),
	fc
		.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/)
		.filter((name) => name !== root.name)
		.map((name) => namedOrganization(name, name)),
);
/** What the vendor's client takes for an id, and what its provider demands of some. */
const legal = /^[a-zA-Z0-9._-]+$/;
const demanded = /^[a-z]+-[1-9A-HJ-NP-Za-km-z]{16}$/;

describe("ids", () => {
	test("of state versions and outputs come back as they went out, with their organization", () => {
		check(
			fc.property(organization, naturalId, fc.nat(9999), (where, text, number) => {
				const unit = parseUnitId(text);
				const version = { unit, number, md5: "0123456789abcdef".repeat(2) };
				const ids = [stateVersionId(where, version), outputId(where, version, "vpc_id")];
				for (const id of ids) {
					expect(id).toMatch(legal);
					const { organization: name } = splitId(id);
					expect(name).toBe(where.isDefault ? null : where.name);
				}
				const [state = "", output = ""] = ids.map((id) => localId(where, id));
				expect(parseStateVersionId(state)).toEqual(version);
				expect(parseOutputId(output)).toEqual({ version, name: "vpc_id" });
			}),
		);
	});

	test("of what is made here are the same inside of the organization and outside", () => {
		check(
			fc.property(organization, (where) => {
				const id = newId("prj", where, realRandom);
				expect(id).toMatch(demanded);
				expect(fullId(where, id)).toBe(id);
				expect(localId(where, id)).toBe(id);
			}),
		);
	});

	test("that are the same in every organization name it, but for the default one's", () => {
		expect(fullId(root, "prj-default")).toBe("prj-default");
		expect(fullId(acme, "prj-default")).toBe("prj-.acme.default");
	});

	test("of another organization are none here", () => {
		for (const [from, to] of [
			[root, acme],
			[acme, beta],
		] as const) {
			for (const id of [newId("prj", from, realRandom), fullId(from, "prj-default")]) {
				expect(() => localId(to, id)).toThrow("there is no such thing");
			}
		}
		expect(() => localId(root, fullId(acme, "prj-default"))).toThrow("there is no such thing");
	});

	test("are one for each thing", () => {
		const id = newId("prj", acme, realRandom);
		expect(() => localId(acme, id.replace("-", "-.acme."))).toThrow("there is no such thing");
		expect(() => localId(root, "prj-.default.default")).toThrow("there is no such thing");
	});
});

const caller: Caller = {
	principal: { id: "user:ann", credentialKind: "access-token", loginId: "l" },
	surface: "tfe",
	requestId: "r",
};

/** What the register of organizations tells. */
const organizations = {
	root: { organization: root },
	async nameOfIdHead(_: Caller, idHead: string): Promise<string | null> {
		const found = [root, acme, beta].find((one) => one.idHead === idHead);
		return found?.name ?? null;
	},
};

async function scopeOf(
	params: Readonly<Record<string, string>>,
	query = none,
	all: readonly Organization[] = [root, acme, beta],
) {
	const name = await organizationOf(params, query, caller, organizations);
	const found = all.find((one) => one.name === name);
	return { name, params: found === undefined ? null : paramsIn(found, params) };
}

describe("the organization of an address", () => {
	const id = workspaceId("a/b", "acme");

	test("is the one that it names, by name or in an id", async () => {
		expect(await scopeOf({})).toEqual({ name: "default", params: {} });
		for (const params of [{ workspace: workspaceId("a/b") }, { project: "prj-default" }]) {
			expect(await scopeOf(params)).toEqual({ name: "default", params });
		}
		expect(await scopeOf({ workspace: id })).toEqual({ name: "acme", params: { workspace: id } });
		const both = { organization: "acme", project: "prj-.acme.default" };
		expect((await scopeOf(both)).params?.project).toBe("prj-default");
		const query = new URLSearchParams({ "filter[organization][name]": "acme" });
		expect((await scopeOf({}, query)).name).toBe("acme");
	});

	test("is the default one when an id's head is nobody's", async () => {
		const params = { project: "prj-abcdefabcdefabcd" };
		expect(await scopeOf(params)).toEqual({ name: "default", params });
	});

	test("leaves names as they are", async () => {
		const params = { organization: "default", name: "ws-.acme.x" };
		expect(await scopeOf(params)).toEqual({ name: "default", params });
	});

	test("is one, or there is nothing", async () => {
		for (const params of [
			{ organization: "default", workspace: id },
			{ organization: "acme", workspace: workspaceId("a/b") },
			{ organization: "acme", workspace: workspaceId("a/b", "beta") },
			{ project: "prj-.default.default" },
			{ workspace: id, version: "sv-.beta.a__b-1-0" },
		]) {
			expect(scopeOf(params)).rejects.toThrow("there is no such thing");
		}
	});
});
