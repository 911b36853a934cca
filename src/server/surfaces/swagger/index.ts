/**
 * `/swagger`: the API's description and pages to read and try it. Everything comes from the
 * executable, so that it works without a way to the internet.
 */
import { swagger } from "@elysiajs/swagger";
import { Elysia } from "elysia";
import stylePath from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import scriptPath from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };
import { buildInfo } from "../../../build-info.ts";
import { contextOf } from "../../shared/request-context.ts";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>OpenTaco API</title>
<link rel="stylesheet" href="/swagger/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>The description is at <a href="/swagger/json">/swagger/json</a>.</noscript>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script src="/swagger/start.js"></script>
</body>
</html>
`;

const startScript = `window.ui = SwaggerUIBundle({
	url: "/swagger/json",
	dom_id: "#swagger-ui",
	deepLinking: true,
	validatorUrl: null,
});
`;

/** Scripts and styles from here only; the pages' own styles are inline. */
const contentSecurityPolicy = [
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self' 'unsafe-inline'",
	"img-src 'self' data:",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
].join("; ");

/** The routes to describe, without what serves them, and the named schemas that they refer to. */
export interface Described {
	readonly routes: Elysia;
	readonly schemas: Readonly<Record<string, unknown>>;
	/** Paths that are described by hand. */
	readonly paths: Readonly<Record<string, unknown>>;
}

function documentation(schemas: Described["schemas"]) {
	return {
		info: {
			title: "OpenTaco",
			version: buildInfo.version,
			description:
				"A state server for Terraform and OpenTofu. Errors have the form of `Error`: a stable code, what happened, and what to do next. The addresses of units, variables, projects, teams, roles, audit and tokens stand below `/v1/orgs/<name>/` as well, for another organization than the default one: `/v1/orgs/acme/units`.",
		},
		tags: [
			{ name: "Units", description: "A unit is one Terraform state with its lock and history" },
			{ name: "States", description: "The bytes" },
			{ name: "Versions", description: "The history" },
			{ name: "Locks", description: "Who may write" },
			{ name: "Graph", description: "Who depends on whose outputs, and what is stale" },
			{
				name: "Variables",
				description: "Values for configurations; sensitive ones are write-only",
			},
			{ name: "Projects", description: "Names under which units are grouped" },
			{ name: "Teams", description: "People, and what they may do together" },
			{ name: "Roles", description: "Who may do what" },
			{ name: "Audit", description: "Who did what, and who was not let" },
			{ name: "Login", description: "From a proof of who one is to a token" },
			{ name: "Tokens", description: "API tokens, and local users" },
			{ name: "Terraform backend", description: 'What `backend "http"` talks to' },
			{ name: "Organizations", description: "Each with its own units, roles and audit trail" },
			{ name: "Server", description: "The server itself" },
		],
		security: [{ bearer: [] }],
		components: {
			schemas,
			securitySchemes: {
				bearer: { type: "http", scheme: "bearer" },
				basic: {
					type: "http",
					scheme: "basic",
					description: "Any username, the token as the password; for the Terraform backend only",
				},
			},
		},
	};
}

/** The OpenAPI document of the described routes. */
export async function openApiDocument({ routes, schemas, paths }: Described): Promise<string> {
	const describing = new Elysia({ name: "description" })
		.use(
			swagger({
				path: "/page",
				specPath: "/json",
				documentation: documentation(schemas) as never,
			}),
		)
		.use(routes);
	const response = await describing.handle(new Request("http://localhost/json"));
	// The plugin writes 3.0.3; schemas of TypeBox are JSON Schema, which is what 3.1 takes.
	const described = (await response.json()) as { paths: object };
	const document = { ...described, openapi: "3.1.0", paths: { ...described.paths, ...paths } };
	return JSON.stringify(document, null, 1);
}

export function swaggerSurface(described: () => Described) {
	let document: Promise<string> | null = null;
	const hidden = { detail: { hide: true } };
	const serve = (body: string | Uint8Array<ArrayBuffer>, type: string): Response =>
		new Response(body, {
			headers: {
				"content-type": type,
				"content-security-policy": contentSecurityPolicy,
				"cache-control": "no-cache",
			},
		});
	const note = (request: Request): void => {
		contextOf(request).operation = "swagger";
	};
	return new Elysia({ name: "api-pages" })
		.onBeforeHandle(({ request }) => note(request))
		.get("/swagger", () => serve(page, "text/html; charset=utf-8"), hidden)
		.get(
			"/swagger/json",
			async () => {
				document ??= openApiDocument(described());
				return serve(await document, "application/json");
			},
			hidden,
		)
		.get("/swagger/start.js", () => serve(startScript, "text/javascript; charset=utf-8"), hidden)
		.get(
			"/swagger/swagger-ui.css",
			async () => serve(await Bun.file(stylePath).bytes(), "text/css; charset=utf-8"),
			hidden,
		)
		.get(
			"/swagger/swagger-ui-bundle.js",
			async () => serve(await Bun.file(scriptPath).bytes(), "text/javascript; charset=utf-8"),
			hidden,
		);
}
