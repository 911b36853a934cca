/** What is in an organization at its beginning and at its end. */
import { DomainError, isDomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { BlobStore } from "../ports/blob-store.ts";
import { orUnavailable } from "../ports/unavailable.ts";
import { type Caller, provenBy, systemPrincipal } from "../principal.ts";
import type { OpenOrganization } from "./open-organization.ts";
import { organizationsPrefix } from "./organization.ts";
import type { FirstAdmin } from "./register.ts";

/** The server itself, where nobody has asked. */
export function asSystem(requestId: string): Caller {
	return { principal: systemPrincipal, surface: "system", requestId };
}

/** A person who creates one administers it; machines and the admin token need no role of their own. */
export function firstAdmin({ principal }: Caller, admin: string | undefined): FirstAdmin | null {
	if (admin !== undefined) {
		if (/^[^@\s]+@[^@\s]+$/.test(admin) && Buffer.byteLength(admin) <= limits.assigneeBytesMax) {
			return { email: admin.toLowerCase() };
		}
		throw new DomainError("invalid_request", "the administrator is not an e-mail address");
	}
	const { id, email, organization, epoch } = principal;
	const isPerson =
		provenBy(principal) === "access-token" ? epoch !== undefined : email !== undefined;
	if (!isPerson || organization !== undefined || id === "admin") return null;
	return email === undefined ? { subject: id } : { email };
}

/** Turns roles on with the first administrator, unless that has happened. */
export async function beginRoles(
	{ core }: OpenOrganization,
	first: FirstAdmin | null,
): Promise<void> {
	if (first === null) return;
	const caller = asSystem("organizations");
	if ((await core.rbac.me(caller)).isEnabled) return;
	try {
		await core.rbac.init(caller, first);
	} catch (error) {
		if (!isDomainError(error, "conflict")) throw error;
	}
}

/** Keys of all organizations that have anything in the store, which is the root's. */
export async function keysInStore(store: BlobStore): Promise<string[]> {
	const prefix = organizationsPrefix;
	const keys: string[] = [];
	let after: string | undefined;
	do {
		const page = await store.list({
			...{ prefix, delimiter: "/", limit: limits.listPageMax },
			...(after === undefined ? {} : { after }),
		});
		keys.push(...page.prefixes.map((folder) => folder.slice(prefix.length, -1)));
		after = page.next;
	} while (after !== undefined);
	return keys;
}

/** Whether there are living units, plain states included. */
export async function hasUnits({ core }: OpenOrganization): Promise<boolean> {
	const { directory } = core.parts;
	return await orUnavailable(async () => {
		await directory.reload();
		return (await directory.all()).some((unit) => unit.deleted === null);
	});
}
