/** `/v1/audit`. */
import { expect } from "bun:test";
import type { Scenario } from "./scenario.ts";

export const auditScenarios: readonly Scenario[] = [
	{
		name: "what happened to a unit, newest first, with who and how",
		covers: "listAuditEvents",
		kind: "ok",
		method: "GET",
		path: "/v1/audit?unit=app/prod",
		status: 200,
		contains: ['"operation":"write"', '"principal":"admin"', '"credential_kind":"admin-token"'],
		after: async (_, response) => {
			expect(response.headers.get("content-type")).toContain("application/json");
		},
	},
	{
		name: "pages of everything, of which each event is in one",
		covers: "listAuditEvents",
		kind: "ok",
		method: "GET",
		path: "/v1/audit?limit=3&outcome=success",
		status: 200,
		contains: ['"next":"', '"count":3'],
		after: async ({ send }) => {
			const seen = new Set<string>();
			let cursor = "";
			do {
				const response = await send("GET", `/v1/audit?limit=3&cursor=${cursor}`);
				const page = (await response.json()) as {
					events: { source: string; generation: number }[];
					next?: string;
				};
				for (const { source, generation } of page.events) {
					const name = `${source} ${generation}`;
					expect(seen.has(name)).toBe(false);
					seen.add(name);
				}
				cursor = page.next ?? "";
			} while (cursor !== "");
			// Four created, two written, one locked, one deleted; and the signing key entered.
			expect(seen.size).toBe(9);
		},
	},
	...[
		"outcome=maybe",
		"since=yesterday",
		"limit=0",
		"limit=5000",
		"cursor=CANARY",
		"unit=a//CANARY",
	].map(
		(query): Scenario => ({
			name: `does not understand ${query.split("=")[0]} that is wrong: ${query.length}`,
			covers: "listAuditEvents",
			kind: "refused",
			method: "GET",
			path: `/v1/audit?${query}`,
			status: 400,
			lacks: ["CANARY"],
		}),
	),
	{
		name: "a trail that was left alone verifies",
		covers: "verifyAudit",
		kind: "ok",
		before: async ({ core }) => core.audit.anchor(),
		method: "GET",
		path: "/v1/audit/verify",
		status: 200,
		contains: ['"findings":[]', '"anchors":5'],
		lacks: ['"next"'],
	},
	{
		name: "the trail as lines of JSON",
		covers: "exportAudit",
		kind: "ok",
		method: "GET",
		path: "/v1/audit/export?prefix=app/",
		status: 200,
		after: async ({ send }) => {
			const response = await send("GET", "/v1/audit/export?prefix=app/");
			expect(response.headers.get("content-type")).toContain("application/x-ndjson");
			const lines = (await response.text()).trimEnd().split("\n");
			expect(lines).toHaveLength(8);
			for (const line of lines) expect(JSON.parse(line)).toMatchObject({ outcome: "success" });
		},
	},
];
