/** People, as the caller may know them: themselves, and members of the organization. */
import type { Principal } from "../../../core/principal.ts";
import type { Membership } from "../../../core/team/model.ts";
import { one, type Resource } from "./document.ts";
import type { Exchange, Route } from "./exchange.ts";
import { absent, userId } from "./ids.ts";

/** Whoever is called so. */
export function userView(
	{ id, email }: Pick<Principal, "id" | "email">,
	mayCreateOrganizations = false,
): Resource {
	const user = userId({ id });
	return {
		id: user,
		type: "users",
		attributes: {
			username: email ?? id,
			email: email ?? "",
			"is-service-account": email === undefined,
			"avatar-url": "",
			"v2-only": true,
			"is-site-admin": false,
			"is-sso-login": false,
			"two-factor": { enabled: false, verified: false },
			permissions: {
				"can-create-organizations": mayCreateOrganizations,
				"can-change-email": false,
				"can-change-username": false,
			},
		},
		relationships: {
			"authentication-tokens": {
				links: { related: `/api/v2/users/${user}/authentication-tokens` },
			},
		},
		links: { self: `/api/v2/users/${user}` },
	};
}

/** A member as a user. One who is known by address alone has an id made of that. */
export function memberOf({ email, subject }: Membership): Pick<Principal, "id" | "email"> {
	return { id: subject ?? email ?? "", ...(email === null ? {} : { email }) };
}

export function memberId(membership: Membership): string {
	return userId(memberOf(membership));
}

async function account({ caller, deps }: Exchange): Promise<Response> {
	const mayCreate = await deps.organizations.mayManage(caller);
	return one(userView(caller.principal, mayCreate));
}

async function show({ caller, deps, params }: Exchange): Promise<Response> {
	if (params.user === userId(caller.principal)) return one(userView(caller.principal));
	const memberships = await deps.core.teams.memberships(caller);
	const found = memberships.find(({ membership }) => memberId(membership) === params.user);
	if (found === undefined) throw absent();
	return one(userView(memberOf(found.membership)));
}

export const userRoutes: readonly Route[] = [
	{ method: "GET", path: "/account/details", operation: "showAccount", handle: account },
	{ method: "GET", path: "/users/:user", operation: "showUser", handle: show },
];
