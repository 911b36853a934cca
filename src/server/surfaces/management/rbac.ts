/** `/v1/rbac`: set up, own access, trying out, and who has which role. */
import {
	AccessAnswer,
	AccessTest,
	AssignmentList,
	AssignmentRequest,
	type AssignmentView,
	RbacInit,
	RbacMe,
	RbacMessage,
} from "../../../api/rbac.ts";
import type { AssignmentInput } from "../../../core/rbac/changes.ts";
import type { Assignment } from "../../../core/rbac/model.ts";
import { everything } from "../../../core/rbac/resource.ts";
import { parseUnitId } from "../../../core/unit/unit-id.ts";
import type { CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

function said(message: string, changed = true): Response {
	const body: RbacMessage = { message, changed };
	return Response.json(body);
}

const initRbac: CollectionOperation = {
	scope: "collection",
	id: "initRbac",
	method: "POST",
	path: "/v1/rbac/init",
	tag: "Roles",
	summary: "Turn roles on; administrators only, once",
	body: { schema: RbacInit, isOptional: true },
	success: { status: 200, schema: RbacMessage },
	failures: [400, 409],
	async handle({ request, caller, deps }) {
		const input = await readJson(request, RbacInit, { isOptional: true });
		await deps.core.rbac.init(caller, input);
		return said("RBAC initialized successfully");
	},
};

const getOwnAccess: CollectionOperation = {
	scope: "collection",
	id: "getOwnAccess",
	method: "GET",
	path: "/v1/rbac/me",
	tag: "Roles",
	summary: "What the caller has",
	success: { status: 200, schema: RbacMe },
	failures: [],
	async handle({ caller, deps }) {
		const own = await deps.core.rbac.me(caller);
		const me: RbacMe = {
			rbac_enabled: own.isEnabled,
			subject: own.subject,
			email: own.email,
			roles: [...own.roles],
			is_admin: own.isAdmin,
			...(own.isEnabled ? {} : { message: "RBAC is not initialized: only administrators may act" }),
			...(own.enabled === null ? {} : { created_at: own.enabled.at }),
			...(own.updated === null ? {} : { updated_at: own.updated.at }),
		};
		return Response.json(me);
	},
};

/** `network/vpc#vpc_id`: no unit's id holds a `#`. */
function splitOutput(text: string): readonly [unit: string, output: string | undefined] {
	const at = text.indexOf("#");
	return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

const testAccess: CollectionOperation = {
	scope: "collection",
	id: "testAccess",
	method: "POST",
	path: "/v1/rbac/test",
	tag: "Roles",
	summary: "Whether somebody may do something, and why: decided as a request would be",
	body: { schema: AccessTest },
	success: { status: 200, schema: AccessAnswer },
	failures: [400],
	async handle({ request, caller, deps }) {
		const input = await readJson(request, AccessTest);
		const [given, output] = splitOutput(input.resource ?? everything);
		const resource = given === everything || given === "" ? everything : parseUnitId(given);
		const decision = await deps.core.rbac.test(caller, { ...input, resource, output });
		const answer: AccessAnswer = {
			status: decision.allowed ? "allowed" : "denied",
			allowed: decision.allowed,
			reason: decision.reason,
			user_roles: [...decision.roles],
			applicable_permissions: [...new Set(decision.rules.map((rule) => rule.permission))],
			applicable_rules: [...decision.rules],
		};
		return Response.json(answer);
	},
};

function assignmentOf(input: AssignmentRequest): AssignmentInput {
	const { kind = "user", subject, email, role_id: role, unit: within } = input;
	return { kind, subject, email, role, within };
}

const assignRole: CollectionOperation = {
	scope: "collection",
	id: "assignRole",
	method: "POST",
	path: "/v1/rbac/users/assign",
	tag: "Roles",
	summary: "Give a role to a person, a group or a token; again is a success",
	body: { schema: AssignmentRequest },
	success: { status: 200, schema: RbacMessage },
	failures: [400, 404, 409],
	async handle({ request, caller, deps }) {
		const input = assignmentOf(await readJson(request, AssignmentRequest));
		return (await deps.core.rbac.assign(caller, input))
			? said("Role assigned successfully")
			: said("The role was assigned already", false);
	},
};

const revokeRole: CollectionOperation = {
	scope: "collection",
	id: "revokeRole",
	method: "POST",
	path: "/v1/rbac/users/revoke",
	tag: "Roles",
	summary: "Take a role away, everywhere or where `unit` says; again is a success",
	body: { schema: AssignmentRequest },
	success: { status: 200, schema: RbacMessage },
	failures: [400, 404, 409],
	async handle({ request, caller, deps }) {
		const input = assignmentOf(await readJson(request, AssignmentRequest));
		return (await deps.core.rbac.revoke(caller, input))
			? said("Role revoked successfully")
			: said("The role was not assigned", false);
	},
};

function assignmentView(assignment: Assignment): AssignmentView {
	return {
		kind: assignment.kind,
		subject: assignment.subject,
		email: assignment.email,
		role_id: assignment.role,
		unit: assignment.within?.text ?? null,
		created_at: assignment.created.at,
		created_by: assignment.created.by,
	};
}

const listAssignments: CollectionOperation = {
	scope: "collection",
	id: "listAssignments",
	method: "GET",
	path: "/v1/rbac/users",
	tag: "Roles",
	summary: "Who has which role",
	success: { status: 200, schema: AssignmentList },
	failures: [],
	async handle({ caller, deps }) {
		return Response.json((await deps.core.rbac.assignments(caller)).map(assignmentView));
	},
};

export const rbacOperations: readonly CollectionOperation[] = [
	initRbac,
	getOwnAccess,
	testAccess,
	assignRole,
	revokeRole,
	listAssignments,
];
