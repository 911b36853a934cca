/** The routes that are open to all, and what is no route at all. */
import type { Scenario } from "./scenario.ts";

const openRoutes: readonly Omit<Scenario, "as">[] = [
	{
		name: "answers that the process lives",
		covers: "/healthz",
		kind: "ok",
		method: "GET",
		path: "/healthz",
		status: 200,
		exactBody: '{"status":"ok","service":"opentaco"}',
	},
	{
		name: "answers that the storage answers",
		covers: "/readyz",
		kind: "ok",
		method: "GET",
		path: "/readyz",
		status: 200,
		contains: ['"status":"ok"'],
	},
	{
		name: "is not ready while it drains",
		covers: "/readyz",
		kind: "ok",
		method: "GET",
		path: "/readyz",
		before: async (app) => {
			app.isDraining = true;
		},
		status: 503,
		contains: ['"reason":"shutting_down"'],
	},
	{
		name: "counts requests without the names of units",
		covers: "/metrics",
		kind: "ok",
		method: "GET",
		path: "/metrics",
		before: async ({ send }) => {
			await send("GET", "/v1/units/app__prod");
			await send("GET", "/v1/backend/app/prod");
			await send("LOCK", "/v1/backend/app/held", { body: '{"ID":"another"}' });
		},
		status: 200,
		contains: [
			'opentaco_http_requests_total{surface="management",method="GET",operation="getUnit",status="2xx"} 1',
			'surface="http-backend",method="GET",operation="read"',
			"opentaco_lock_conflicts_total 1",
			"opentaco_state_bytes_count 2",
			"opentaco_append_retries_total 0",
			"process_resident_memory_bytes",
		],
		// Reading the spaces of the heap would stop the server for the time of a walk over it.
		lacks: ["app/prod", "app__prod", "heap_space"],
	},
	{
		name: "serves the API pages from itself",
		covers: "/swagger",
		kind: "ok",
		method: "GET",
		path: "/swagger",
		status: 200,
		contains: ['src="/swagger/swagger-ui-bundle.js"'],
		lacks: ["http://", "https://", "//cdn", "unpkg"],
	},
	{
		name: "describes all of /v1",
		covers: "/swagger/json",
		kind: "ok",
		method: "GET",
		path: "/swagger/json",
		status: 200,
		contains: ["/v1/units/{id}/versions/{version}/download", "bearer", '"openapi": "3.1.0"'],
	},
	{
		name: "serves the pages' script",
		covers: "/swagger/swagger-ui-bundle.js",
		kind: "ok",
		method: "GET",
		path: "/swagger/swagger-ui-bundle.js",
		status: 200,
		contains: ["SwaggerUIBundle"],
	},
	{
		name: "serves the pages' start",
		covers: "/swagger/start.js",
		kind: "ok",
		method: "GET",
		path: "/swagger/start.js",
		status: 200,
		contains: ["/swagger/json"],
		lacks: ["http://", "https://"],
	},
	{
		name: "serves the pages' style",
		covers: "/swagger/swagger-ui.css",
		kind: "ok",
		method: "GET",
		path: "/swagger/swagger-ui.css",
		status: 200,
		contains: [".swagger-ui"],
	},
];

const open = openRoutes.map((scenario): Scenario => ({ ...scenario, as: "nobody" }));

const nowhere: Scenario[] = [
	...[
		"/",
		"/v1",
		"/v1/",
		"/v1/nothing",
		"/healthz/",
		"/Healthz",
		"/swagger/",
		"/admin",
		"//healthz",
		"/v1/backend",
	].map(
		(path): Scenario => ({
			name: `tells nobody anything at ${path}`,
			covers: "nothing",
			kind: "unauthenticated",
			method: "GET",
			path,
			status: 401,
		}),
	),
	...["/", "/v1", "/v1/nothing", "/healthz/", "/v1/backend"].map(
		(path): Scenario => ({
			name: `has nothing at ${path}`,
			covers: "nothing",
			kind: "refused",
			method: "GET",
			path,
			status: 404,
			contains: ["route_not_found"],
		}),
	),
	...(
		[
			["PUT", "/v1/units"],
			["POST", "/v1/info"],
			["POST", "/v1/units/app__prod"],
			["GET", "/v1/units/app__prod/lock"],
			["PUT", "/v1/units/app/prod/upload"],
			["DELETE", "/v1/units/app__prod/versions"],
		] as const
	).map(
		([method, path]): Scenario => ({
			name: `does not take ${method} ${path}`,
			covers: "nothing",
			kind: "refused",
			method,
			path,
			status: 405,
			contains: ["method_not_allowed"],
		}),
	),
];

export const publicScenarios: readonly Scenario[] = [...open, ...nowhere];
