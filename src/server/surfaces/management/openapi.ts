/** Operations in the words of OpenAPI 3.1, whose schemas are JSON Schema like TypeBox's. */
import type { TSchema } from "@sinclair/typebox";
import * as auditSchemas from "../../../api/audit.ts";
import { ErrorBody } from "../../../api/errors.ts";
import * as graphSchemas from "../../../api/graph.ts";
import * as identitySchemas from "../../../api/identity.ts";

import * as organizationSchemas from "../../../api/organizations.ts";

import * as outputSchemas from "../../../api/outputs.ts";

import * as projectSchemas from "../../../api/projects.ts";
import * as rbacSchemas from "../../../api/rbac.ts";
import { S3CredentialsView } from "../../../api/s3-credentials.ts";
import * as teamSchemas from "../../../api/teams.ts";
import * as schemas from "../../../api/units.ts";
import * as variableSchemas from "../../../api/variables.ts";
import type { Operation, OperationDocs, QueryParameter } from "./operation.ts";

const referenceRoot = "#/components/schemas/";

/** The schema with every named one below it replaced by a reference. */
function referring(schema: unknown, isRoot: boolean): unknown {
	if (Array.isArray(schema)) return schema.map((item) => referring(item, false));
	if (typeof schema !== "object" || schema === null) return schema;
	const { $id, ...rest } = schema as { $id?: string };
	if ($id !== undefined && !isRoot) return { $ref: referenceRoot + $id };
	return Object.fromEntries(
		Object.entries(rest).map(([key, value]) => [key, referring(value, false)]),
	);
}

function content(schema: TSchema | "state" | "lines"): Record<string, unknown> {
	if (schema === "lines") {
		return { "application/x-ndjson": { schema: { $ref: `${referenceRoot}AuditEvent` } } };
	}
	if (schema === "state") {
		const description = "A Terraform or OpenTofu state, exactly as the client wrote it";
		return { "application/json": { schema: { type: "object", description } } };
	}
	return { "application/json": { schema: referring(schema, false) } };
}

const failureTexts: Readonly<Record<number, string>> = {
	400: "The request cannot be understood",
	401: "No valid token",
	403: "The caller may not do this",
	404: "There is no such unit, state, version, role, team, project or organization",
	409: "It conflicts with what is there: a lock, a newer state, an existing unit",
	411: "A large body needs a Content-Length",
	412: "The condition of If-Match does not hold",
	413: "The body is too large",
	429: "Too many attempts: wait and try again",
	503: "The storage does not answer, or it is not known whether the request took effect: send it again",
};

function responses(docs: OperationDocs): Record<string, unknown> {
	const { status, schema } = docs.success;
	const result: Record<string, unknown> = {
		[status]: {
			description: schema === null ? "Done" : "Success",
			...(schema === null ? {} : { content: content(schema) }),
		},
	};
	for (const failure of [...docs.failures, 401, 403, 503]) {
		result[failure] = {
			description: failureTexts[failure] ?? "Failure",
			content: content(ErrorBody),
		};
	}
	return result;
}

const parameterTexts: Readonly<Record<string, string>> = {
	id: "The unit's id, with `/` written as `__` (or `%2F`): `myapp__prod` is `myapp/prod`",
	version: "The version's number",
	role: "The role's id",
	permission: "The permission's id",
	token: "The token's public part: `<id>` of `otc_tfe_<id>_<secret>`",
	user: "The user's name",
	organization: "The organization's name",
	variable: "The variable's id, `var-…`",
	set: "The variable set's id, `varset-…`",
	team: "The team's id, `team-…`",
	member: "An e-mail address, an id such as `service:deployer`, or a membership's id",
	access: "The access's id, `tws-…` or `tprj-…`",
	project: "The project's id, `prj-…`",
};

function parameters(docs: OperationDocs): unknown[] {
	const inPath = docs.path
		.split("/")
		.filter((segment) => segment.startsWith(":"))
		.map((segment) => ({
			name: segment.slice(1),
			in: "path",
			required: true,
			description: parameterTexts[segment.slice(1)] ?? "",
			schema: segment === ":version" ? { type: "integer", minimum: 1 } : { type: "string" },
		}));
	const named = (place: string) => (parameter: QueryParameter) => ({ ...parameter, in: place });
	return [
		...inPath,
		...(docs.query ?? []).map(named("query")),
		...(docs.headers ?? []).map(named("header")),
	];
}

/** The `detail` that Elysia hangs on a route. */
export function operationDetail(operation: Operation): Record<string, unknown> {
	const { body } = operation;
	return {
		operationId: operation.id,
		tags: [operation.tag],
		summary: operation.summary,
		...(operation.scope === "public" ? { security: [] } : {}),
		parameters: parameters(operation),
		...(body === undefined
			? {}
			: { requestBody: { required: body.isOptional !== true, content: content(body.schema) } }),
		responses: responses(operation),
	};
}

/** All named schemas of the wire contract. */
export function componentSchemas(): Record<string, unknown> {
	const modules = [
		schemas,
		rbacSchemas,
		auditSchemas,
		identitySchemas,
		graphSchemas,
		variableSchemas,
		outputSchemas,
		organizationSchemas,
		projectSchemas,
		teamSchemas,
	];
	const all: unknown[] = modules.flatMap((module) => Object.values(module));
	all.push(S3CredentialsView, ErrorBody);
	const named: Record<string, unknown> = {};
	for (const schema of all) {
		const id = (schema as { $id?: unknown }).$id;
		if (typeof id === "string") named[id] = referring(schema, true);
	}
	return named;
}
