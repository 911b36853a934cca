/** `/v1/auth/users`: users with passwords, for servers without an identity provider. */
import { CreateUser, SetPassword, UserList, UserView } from "../../../api/identity.ts";
import type { LocalUser } from "../../../auth/local/local-users.ts";
import type { CollectionOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

const tag = "Tokens";

function userView(user: LocalUser): UserView {
	const { name, email, groups, created } = user;
	return { name, email, groups: [...groups], created };
}

const createUser: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "createUser",
	method: "POST",
	path: "/v1/auth/users",
	tag,
	summary: "Create a local user",
	body: { schema: CreateUser },
	success: { status: 201, schema: UserView },
	failures: [400, 409],
	async handle({ request, caller, deps }) {
		// A local user may have the address, and so the rights, of anybody.
		const grant = await deps.core.parts.gate.authorize(caller, "system.manage", "*");
		const { name, password, groups = [] } = await readJson(request, CreateUser);
		const { users } = await deps.identities;
		const user = await users.create(grant, { name, password, groups });
		return Response.json(userView(user), { status: 201 });
	},
};

const listUsers: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "listUsers",
	method: "GET",
	path: "/v1/auth/users",
	tag,
	summary: "All local users",
	success: { status: 200, schema: UserList },
	failures: [],
	async handle({ caller, deps }) {
		await deps.core.parts.gate.authorize(caller, "system.manage", "*");
		const list: UserList = { users: (await (await deps.identities).users.list()).map(userView) };
		return Response.json(list);
	},
};

const setPassword: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "setPassword",
	method: "POST",
	path: "/v1/auth/users/:user/password",
	tag,
	summary: "Give a local user a new password; their logins end",
	body: { schema: SetPassword },
	success: { status: 204, schema: null },
	failures: [400, 404],
	async handle({ request, caller, deps, params }) {
		const grant = await deps.core.parts.gate.authorize(caller, "system.manage", "*");
		const { password } = await readJson(request, SetPassword);
		await (await deps.identities).users.setPassword(grant, params.user ?? "", password);
		return new Response(null, { status: 204 });
	},
};

const removeUser: CollectionOperation = {
	scope: "collection",
	isServerWide: true,
	id: "removeUser",
	method: "DELETE",
	path: "/v1/auth/users/:user",
	tag,
	summary: "Remove a local user; no login and no token of theirs counts any more",
	success: { status: 204, schema: null },
	failures: [404],
	async handle({ caller, deps, params }) {
		const grant = await deps.core.parts.gate.authorize(caller, "system.manage", "*");
		await (await deps.identities).users.remove(grant, params.user ?? "");
		return new Response(null, { status: 204 });
	},
};

export const localUserOperations: readonly CollectionOperation[] = [
	createUser,
	listUsers,
	setPassword,
	removeUser,
];
