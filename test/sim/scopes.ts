/**
 * Two scopes of one store: the default organization, and another one whose units have the same
 * names. A unit of the other one is called `acme:app` here; its core knows it as `app`.
 */
import type { Core } from "../../src/core/core.ts";
import { namedOrganization, organizationPrefix } from "../../src/core/organization/organization.ts";
import type { Bucket, Change } from "./bucket.ts";
import type { SimServer } from "./server.ts";

export const organization = namedOrganization("acme", "acme");
const mark = `${organization.name}:`;
const prefix = organizationPrefix(organization.key);

/** What the checkers read of a bucket, or of an organization's part of it. */
export type BucketView = Pick<Bucket, "get" | "history" | "looks">;

export function inOrganization(name: string): string {
	return mark + name;
}

/** The unit's id, as its core knows it. */
export function localName(unit: string): string {
	return unit.startsWith(mark) ? unit.slice(mark.length) : unit;
}

/** The units of each scope that has any. */
export function byScope(units: readonly string[]): string[][] {
	const isOther = (unit: string) => unit.startsWith(mark);
	const scopes = [units.filter((unit) => !isOther(unit)), units.filter(isOther)];
	return scopes.filter((scope) => scope.length > 0);
}

/** Where the unit's plain state lies. */
export function plainKeyOf(unit: string): string {
	return `${unit.startsWith(mark) ? prefix : ""}${localName(unit)}/terraform.tfstate`;
}

/** The core of the unit's organization at this server, lent as the server lends it. */
export async function withCoreOf<T>(
	{ core, pool }: SimServer,
	unit: string,
	act: (core: Core) => Promise<T>,
): Promise<T> {
	if (!unit.startsWith(mark)) return await act(core);
	return await pool.use(
		organization,
		async () => undefined,
		(open) => act(open.core),
	);
}

/** The bucket as the unit's organization has it, with as long a history. */
export function viewFor(unit: string, bucket: Bucket): BucketView {
	if (!unit.startsWith(mark)) return bucket;
	const own = (key: string) =>
		key.startsWith(prefix) ? key.slice(prefix.length) : `outside/${key}`;
	const withOwnKey = <T extends { readonly key: string }>(one: T): T => ({
		...one,
		key: own(one.key),
	});
	return {
		get: (key) => bucket.get(prefix + key),
		history: bucket.history.map((change): Change => withOwnKey(change)),
		looks: bucket.looks.map(withOwnKey),
	};
}

/** What a server's connection is called when its organization uses it. */
export function connectionOf(server: string): string {
	return `${server} for ${organization.name}`;
}

/** Who did what with keys of the other organization; nobody may. */
export function strangersIn(bucket: Bucket): string[] {
	const isOwn = (by: string, key: string) =>
		by === "foreign" || by.endsWith(` for ${organization.name}`) === key.startsWith(prefix);
	const changed = bucket.history
		.filter(({ by, key }) => !isOwn(by, key))
		.map(({ by, kind, key }) => `${kind} of ${key} by ${by}`);
	const asked = [...bucket.asked]
		.filter(([key, by]) => [...by].some((one) => !isOwn(one, key)))
		.map(([key]) => `${key} was asked for by somebody else`);
	return [...changed, ...asked];
}
