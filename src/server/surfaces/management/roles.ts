/** `/v1/rbac/roles` and `/v1/rbac/permissions`: what roles are made of. */
import {
	PermissionChange,
	PermissionList,
	PermissionRequest,
	PermissionView,
	RbacMessage,
	RoleChange,
	RoleList,
	RolePermissionsRequest,
	RoleRequest,
	RoleView,
} from "../../../api/rbac.ts";
import { DomainError } from "../../../core/errors.ts";
import { builtInIds, type Permission, type Role } from "../../../core/rbac/model.ts";
import { plainRule } from "../../../core/rbac/rule.ts";
import type { CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const done = (): Response => new Response(null, { status: 204 });

function roleView(role: Role): RoleView {
	return {
		id: role.id,
		name: role.name,
		description: role.description,
		permissions: [...role.permissions],
		built_in: builtInIds.has(role.id),
		created_at: role.created.at,
		created_by: role.created.by,
	};
}

function permissionView(permission: Permission): PermissionView {
	return {
		id: permission.id,
		name: permission.name,
		description: permission.description,
		rules: permission.rules.map((rule) => {
			const { effect, actions, resources } = plainRule(rule);
			return { effect, actions: [...actions], resources: [...resources] };
		}),
		built_in: builtInIds.has(permission.id),
		created_at: permission.created.at,
		created_by: permission.created.by,
	};
}

const createRole: CollectionOperation = {
	scope: "collection",
	id: "createRole",
	method: "POST",
	path: "/v1/rbac/roles",
	tag: "Roles",
	summary: "Create a role, without permissions",
	body: { schema: RoleRequest },
	success: { status: 200, schema: RbacMessage },
	failures: [400, 409],
	async handle({ request, caller, deps }) {
		const { id, name, description } = await readJson(request, RoleRequest);
		const chosen = id ?? name;
		if (chosen === undefined) {
			throw new DomainError("invalid_request", "a role needs an `id` or a `name`");
		}
		await deps.core.rbac.createRole(caller, { id: chosen, name, description });
		const body: RbacMessage = { message: "Role created successfully", changed: true };
		return Response.json(body);
	},
};

const listRoles: CollectionOperation = {
	scope: "collection",
	id: "listRoles",
	method: "GET",
	path: "/v1/rbac/roles",
	tag: "Roles",
	summary: "All roles",
	success: { status: 200, schema: RoleList },
	failures: [],
	async handle({ caller, deps }) {
		return Response.json((await deps.core.rbac.roles(caller)).map(roleView));
	},
};

const updateRole: CollectionOperation = {
	scope: "collection",
	id: "updateRole",
	method: "PATCH",
	path: "/v1/rbac/roles/:role",
	tag: "Roles",
	summary: "Change a role's name and description; the built-in ones stay as they are",
	body: { schema: RoleChange },
	success: { status: 200, schema: RoleView },
	failures: [400, 404, 409],
	async handle({ request, caller, deps, params }) {
		const change = await readJson(request, RoleChange);
		return Response.json(
			roleView(await deps.core.rbac.updateRole(caller, params.role ?? "", change)),
		);
	},
};

const deleteRole: CollectionOperation = {
	scope: "collection",
	id: "deleteRole",
	method: "DELETE",
	path: "/v1/rbac/roles/:role",
	tag: "Roles",
	summary: "Delete a role that nobody has; the built-in ones stay",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await deps.core.rbac.deleteRole(caller, params.role ?? "");
		return done();
	},
};

const addToRole: CollectionOperation = {
	scope: "collection",
	id: "addPermissionsToRole",
	method: "POST",
	path: "/v1/rbac/roles/:role/permissions",
	tag: "Roles",
	summary: "Add permissions to a role",
	body: { schema: RolePermissionsRequest },
	success: { status: 200, schema: RbacMessage },
	failures: [400, 404, 409],
	async handle({ request, caller, deps, params }) {
		const input = await readJson(request, RolePermissionsRequest);
		const { permission_id: one, permission_ids: several = [] } = input;
		const all = one === undefined ? several : [one, ...several];
		if (all.length === 0) {
			throw new DomainError(
				"invalid_request",
				"the body needs `permission_id` or `permission_ids`",
			);
		}
		const changed = await deps.core.rbac.addToRole(caller, params.role ?? "", all);
		if (!changed && several.length === 0) {
			throw new DomainError("conflict", "the role has this permission already");
		}
		const body: RbacMessage = {
			message: changed ? "Permission assigned to role" : "The role has these permissions already",
			changed,
		};
		return Response.json(body);
	},
};

const removeFromRole: CollectionOperation = {
	scope: "collection",
	id: "removePermissionFromRole",
	method: "DELETE",
	path: "/v1/rbac/roles/:role/permissions/:permission",
	tag: "Roles",
	summary: "Take a permission out of a role",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await deps.core.rbac.removeFromRole(caller, params.role ?? "", params.permission ?? "");
		return done();
	},
};

const createPermission: CollectionOperation = {
	scope: "collection",
	id: "createPermission",
	method: "POST",
	path: "/v1/rbac/permissions",
	tag: "Roles",
	summary: "Create a permission: rules that allow or deny actions on units",
	body: { schema: PermissionRequest },
	success: { status: 201, schema: PermissionView },
	failures: [400, 409, 413],
	async handle({ request, caller, deps }) {
		const input = await readJson(request, PermissionRequest);
		const made = await deps.core.rbac.createPermission(caller, input);
		return Response.json(permissionView(made), { status: 201 });
	},
};

const listPermissions: CollectionOperation = {
	scope: "collection",
	id: "listPermissions",
	method: "GET",
	path: "/v1/rbac/permissions",
	tag: "Roles",
	summary: "All permissions",
	success: { status: 200, schema: PermissionList },
	failures: [],
	async handle({ caller, deps }) {
		return Response.json((await deps.core.rbac.permissions(caller)).map(permissionView));
	},
};

const updatePermission: CollectionOperation = {
	scope: "collection",
	id: "updatePermission",
	method: "PATCH",
	path: "/v1/rbac/permissions/:permission",
	tag: "Roles",
	summary: "Change a permission, for all roles that have it; the built-in ones stay as they are",
	body: { schema: PermissionChange },
	success: { status: 200, schema: PermissionView },
	failures: [400, 404, 409, 413],
	async handle({ request, caller, deps, params }) {
		const change = await readJson(request, PermissionChange);
		const changed = await deps.core.rbac.updatePermission(caller, params.permission ?? "", change);
		return Response.json(permissionView(changed));
	},
};

const deletePermission: CollectionOperation = {
	scope: "collection",
	id: "deletePermission",
	method: "DELETE",
	path: "/v1/rbac/permissions/:permission",
	tag: "Roles",
	summary: "Delete a permission that no role has",
	success: { status: 204, schema: null },
	failures: [404, 409],
	async handle({ caller, deps, params }) {
		await deps.core.rbac.deletePermission(caller, params.permission ?? "");
		return done();
	},
};

export const roleOperations: readonly CollectionOperation[] = [
	createRole,
	listRoles,
	updateRole,
	deleteRole,
	addToRole,
	removeFromRole,
	createPermission,
	listPermissions,
	updatePermission,
	deletePermission,
];
