/**
 * The types of what resources say. The fixture is a table of our own: for each attribute that we
 * return and that the vendor's API has, which JSON types it may have there. A client that decodes
 * strictly fails on a whole document for one attribute of another type.
 */
import { expect, test } from "bun:test";
import attributes from "../../fixtures/tfe-attributes.json";
import { base, call, lock, org, prod, seeded } from "./client.ts";

const table: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = attributes;

function typeOf(value: unknown): string {
	if (value === null) return "null";
	if (Array.isArray(value)) return "array";
	return Number.isInteger(value) ? "integer" : typeof value;
}

const places: Readonly<Record<string, string>> = {
	workspaces: prod,
	"state-versions": `${prod}/current-state-version`,
	"state-version-outputs": `${prod}/current-state-version-outputs`,
	organizations: org,
	projects: `${base}/projects/prj-default`,
	users: `${base}/account/details`,
	"tag-bindings": `${prod}/tag-bindings`,
};

test("every type of the table has a place where it is read", () => {
	expect(Object.keys(table).sort()).toEqual(Object.keys(places).sort());
});

for (const [type, path] of Object.entries(places)) {
	test(`${type} have the types that clients expect`, async () => {
		await using app = await seeded();
		await lock(app);
		const { one, all } = await call(app, "GET", path);
		for (const resource of Array.isArray(all) ? all : [one]) {
			expect(resource.type).toBe(type);
			for (const [name, types] of Object.entries(table[type] ?? {})) {
				expect(`${name}: ${types.includes(typeOf(resource.attributes[name]))}`).toBe(
					`${name}: true`,
				);
			}
		}
	});
}
