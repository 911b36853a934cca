/** Ids that tell their organization: no two organizations make the same. */
import { expect, test } from "bun:test";
import { idHeadIn, idHeadOf, newId } from "../../../../src/core/organization/id.ts";
import {
	namedOrganization,
	rootOrganization,
} from "../../../../src/core/organization/organization.ts";
import {
	findByIdHead,
	type OrganizationsDocument,
	withDeletion,
	withOrganization,
} from "../../../../src/core/organization/register.ts";
import { realRandom } from "../../../support/core.ts";

/** Two names whose keys would give ids of the same beginning. */
function colliding(): [string, string] {
	const byHead = new Map<string, string>();
	for (let n = 0; ; n++) {
		const name = `team-${n}`;
		const other = byHead.get(idHeadOf(name));
		if (other !== undefined) return [other, name];
		byHead.set(idHeadOf(name), name);
	}
}

function add(document: OrganizationsDocument | null, name: string): OrganizationsDocument {
	return withOrganization(document, { name, created: "", first: null }).document;
}

test("an id tells its organization", () => {
	for (const where of [rootOrganization(), namedOrganization("acme", "acme")]) {
		expect(idHeadIn(newId("team", where, realRandom))).toBe(where.idHead);
	}
	for (const text of [
		"",
		"team-owners",
		"team-.acme.owners",
		"sv-a-1-2",
		"team-0000000000000000",
	]) {
		expect(idHeadIn(text)).toBeNull();
	}
});

test("organizations whose ids would look alike get another key, also after a deletion", () => {
	const [first, second] = colliding();
	const both = add(add(null, first), second);
	const [one, two] = both.organizations;
	expect([one?.key, two?.key]).toEqual([first, `${second}.2`]);
	expect(idHeadOf(first)).not.toBe(idHeadOf(`${second}.2`));
	expect(findByIdHead(both, idHeadOf(first))?.name).toBe(first);
	expect(findByIdHead(both, idHeadOf(`${second}.2`))?.name).toBe(second);
	const deleted = withDeletion(add(null, first), first, "2026-01-01T00:00:00Z");
	expect(findByIdHead(deleted, idHeadOf(first))).toBeNull();
	expect(add(deleted, second).organizations.at(-1)?.key).toBe(`${second}.2`);
});
