/** What routes.test.ts calls of the routes that make, change and delete organizations. */
import type { TestApp } from "../test-app.ts";

const base = "/tfe/api/v2";
const org = `${base}/organizations/default`;
const named = (name: string, type: string) => ({ data: { type, attributes: { name } } });

export const organizationCalls = [
	{
		route: "POST /organizations",
		path: `${base}/organizations`,
		status: 201,
		body: named("acme", "organizations"),
		reader: 403,
		stranger: 403,
	},
	...["PATCH", "PUT"].map((method) => ({
		route: `${method} /organizations/:organization`,
		path: org,
		status: 200,
		body: { data: { type: "organizations", attributes: { email: "ops@example.com" } } },
		reader: 403,
		stranger: 403,
	})),
	{
		route: "DELETE /organizations/:organization",
		path: `${base}/organizations/acme`,
		status: 204,
		// An organization without a role of one's own does not exist.
		stranger: 404,
		reader: 403,
		before: async (app: TestApp) => {
			const body = JSON.stringify(named("acme", "organizations"));
			await app.send("POST", `${base}/organizations`, { body });
		},
	},
];
