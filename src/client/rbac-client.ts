/** Roles: `/v1/rbac`. What a second sending would find done already is sent once. */
import type {
	AccessAnswer,
	AccessTest,
	AssignmentRequest,
	AssignmentView,
	PermissionChange,
	PermissionRequest,
	PermissionView,
	RbacInit,
	RbacMe,
	RbacMessage,
	RoleChange,
	RoleRequest,
	RoleView,
} from "../api/rbac.ts";
import { type CallOptions, callFor, listFor } from "./call.ts";
import type { Http } from "./http.ts";

const root = "/v1/rbac";

/** Every method throws ClientError, and nothing else, when the call does not succeed. */
export class RbacClient {
	readonly #http: Http;

	constructor(http: Http) {
		this.#http = http;
	}

	init(first: RbacInit, options: CallOptions = {}): Promise<RbacMessage> {
		return this.#post("/init", first, false, "message", options);
	}

	me(options: CallOptions = {}): Promise<RbacMe> {
		const request = { method: "GET", path: `${root}/me`, repeatable: true, ...options } as const;
		return callFor<RbacMe>(this.#http, request, "subject");
	}

	/** A question: it changes nothing. */
	test(question: AccessTest, options: CallOptions = {}): Promise<AccessAnswer> {
		return this.#post("/test", question, true, "status", options);
	}

	/** Giving what is given already succeeds. */
	assign(assignment: AssignmentRequest, options: CallOptions = {}): Promise<RbacMessage> {
		return this.#post("/users/assign", assignment, true, "message", options);
	}

	/** Taking what is taken already succeeds. */
	revoke(assignment: AssignmentRequest, options: CallOptions = {}): Promise<RbacMessage> {
		return this.#post("/users/revoke", assignment, true, "message", options);
	}

	assignments(options: CallOptions = {}): Promise<AssignmentView[]> {
		return this.#list("/users", options);
	}

	createRole(role: RoleRequest, options: CallOptions = {}): Promise<RbacMessage> {
		return this.#post("/roles", role, false, "message", options);
	}

	roles(options: CallOptions = {}): Promise<RoleView[]> {
		return this.#list("/roles", options);
	}

	/** Name and description; what is absent stays. */
	updateRole(id: string, change: RoleChange, options: CallOptions = {}): Promise<RoleView> {
		return this.#patch(`/roles/${encodeURIComponent(id)}`, change, options);
	}

	deleteRole(id: string, options: CallOptions = {}): Promise<void> {
		return this.#delete(`/roles/${encodeURIComponent(id)}`, options);
	}

	/** Permissions by id, or actions: those that the role has already are a success. */
	addToRole(
		role: string,
		permissions: readonly string[],
		options: CallOptions = {},
	): Promise<RbacMessage> {
		const path = `/roles/${encodeURIComponent(role)}/permissions`;
		return this.#post(path, { permission_ids: permissions }, true, "message", options);
	}

	removeFromRole(role: string, permission: string, options: CallOptions = {}): Promise<void> {
		const ids = [role, permission].map(encodeURIComponent);
		return this.#delete(`/roles/${ids[0]}/permissions/${ids[1]}`, options);
	}

	createPermission(
		permission: PermissionRequest,
		options: CallOptions = {},
	): Promise<PermissionView> {
		return this.#post("/permissions", permission, false, "id", options);
	}

	permissions(options: CallOptions = {}): Promise<PermissionView[]> {
		return this.#list("/permissions", options);
	}

	/** What is absent stays; rules replace the old ones, for all roles that have it. */
	updatePermission(
		id: string,
		change: PermissionChange,
		options: CallOptions = {},
	): Promise<PermissionView> {
		return this.#patch(`/permissions/${encodeURIComponent(id)}`, change, options);
	}

	deletePermission(id: string, options: CallOptions = {}): Promise<void> {
		return this.#delete(`/permissions/${encodeURIComponent(id)}`, options);
	}

	#post<T>(
		path: string,
		json: unknown,
		repeatable: boolean,
		field: keyof T & string,
		options: CallOptions,
	): Promise<T> {
		const request = { method: "POST", path: `${root}${path}`, json, repeatable } as const;
		return callFor<T>(this.#http, { ...request, ...options }, field);
	}

	/** To the same values again is a success. */
	#patch<T extends { id: string }>(path: string, json: unknown, options: CallOptions): Promise<T> {
		const request = { method: "PATCH", path: `${root}${path}`, json, repeatable: true } as const;
		return callFor<T>(this.#http, { ...request, ...options }, "id");
	}

	#list<T>(path: string, options: CallOptions): Promise<T[]> {
		const request = { method: "GET", path: `${root}${path}`, repeatable: true } as const;
		return listFor<T>(this.#http, { ...request, ...options });
	}

	async #delete(path: string, options: CallOptions): Promise<void> {
		const request = { method: "DELETE", path: `${root}${path}`, repeatable: false } as const;
		await this.#http.json({ ...request, ...options });
	}
}
