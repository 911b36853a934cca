/** The client and the server must agree on what belongs to an organization. */
import { expect, test } from "bun:test";
import { pathIn } from "../../../src/client/organization-path.ts";
import { operations } from "../../../src/server/surfaces/management/index.ts";

test("paths are an organization's exactly where the server has them below one", () => {
	for (const { id, path, scope, ...operation } of operations) {
		const isServerWide =
			scope === "public" || ("isServerWide" in operation && operation.isServerWide);
		const expected = isServerWide ? path : path.replace("/v1/", "/v1/orgs/acme/");
		expect({ id, path: pathIn("acme", path) }).toEqual({ id, path: expected });
		expect(pathIn(undefined, path)).toBe(path);
	}
	expect(pathIn("acme", "/v1/backend/a/b")).toBe("/v1/orgs/acme/backend/a/b");
	expect(pathIn("acme", "/oauth/token")).toBe("/oauth/token");
	expect(pathIn("a/b", "/v1/units")).toBe("/v1/orgs/a%2Fb/units");
});
