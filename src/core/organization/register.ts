/** The register of organizations, and its changes as pure functions. It lies in the root. */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import { idHeadOf } from "./id.ts";
import { namedOrganization, type Organization } from "./organization.ts";

/** Who administers a new organization first, beside those who always may. */
export interface FirstAdmin {
	readonly subject?: string;
	readonly email?: string;
}

export interface OrganizationEntry {
	readonly name: string;
	readonly key: string;
	/** ISO 8601. */
	readonly created: string;
	readonly first: FirstAdmin | null;
	/** ISO 8601; null: it is there. */
	readonly deleted: string | null;
}

/** Each name stands there once, also when it was deleted: its next life must not get the same key. */
export interface OrganizationsDocument {
	readonly organizations: readonly OrganizationEntry[];
}

export interface OrganizationSummary {
	readonly organization: Organization;
	/** ISO 8601; null: the default one, which has always been there. */
	readonly created: string | null;
}

/** What was made of entries: every request asks for it, and an entry stays the same for long. */
const made = new WeakMap<OrganizationEntry, Organization>();

/** The organization that the entry is about. */
export function organizationOf(entry: OrganizationEntry): Organization {
	const known = made.get(entry);
	if (known !== undefined) return known;
	const organization = namedOrganization(entry.name, entry.key);
	made.set(entry, organization);
	return organization;
}

/** What is told of it. */
export function summaryOf(entry: OrganizationEntry): OrganizationSummary {
	return { organization: organizationOf(entry), created: entry.created };
}

const empty: OrganizationsDocument = { organizations: [] };

/** Checks a stored document. Fails with `storage_corrupt`. */
export function parseOrganizations(value: unknown): OrganizationsDocument {
	const document = value as Partial<OrganizationsDocument> | null;
	const entries = Array.isArray(document?.organizations) ? document.organizations : null;
	const isWhole = entries?.every(
		(entry) => typeof entry?.name === "string" && typeof entry.key === "string",
	);
	if (isWhole !== true) {
		throw new DomainError("storage_corrupt", "the register of the organizations is not readable", {
			hint: "the default organization still works; run `taco doctor` on the store",
		});
	}
	return document as OrganizationsDocument;
}

/** Those that are there, in order of their names. */
export function livingIn(document: OrganizationsDocument | null): readonly OrganizationEntry[] {
	return (document ?? empty).organizations
		.filter((entry) => entry.deleted === null)
		.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The living one of this name. */
export function findLiving(
	document: OrganizationsDocument | null,
	name: string,
): OrganizationEntry | null {
	const isIt = (entry: OrganizationEntry) => entry.deleted === null && entry.name === name;
	return (document ?? empty).organizations.find(isIt) ?? null;
}

/** The living one whose ids begin so. */
export function findByIdHead(
	document: OrganizationsDocument | null,
	idHead: string,
): OrganizationEntry | null {
	const isIt = (entry: OrganizationEntry) =>
		entry.deleted === null && organizationOf(entry).idHead === idHead;
	return (document ?? empty).organizations.find(isIt) ?? null;
}

/** What a folder on a disk that ignores case would take for the same. */
function isSameName(a: string, b: string): boolean {
	return a.toLowerCase() === b.toLowerCase();
}

/** The entry that has this name or had it. */
export function findNamed(
	document: OrganizationsDocument | null,
	name: string,
): OrganizationEntry | null {
	return (document ?? empty).organizations.find((one) => isSameName(one.name, name)) ?? null;
}

/** Adds one. Fails with `conflict` for a name that is taken, `too_large`. */
export function withOrganization(
	document: OrganizationsDocument | null,
	wanted: Pick<OrganizationEntry, "name" | "created" | "first">,
): { readonly document: OrganizationsDocument; readonly entry: OrganizationEntry } {
	const before = findNamed(document, wanted.name);
	if (before?.deleted === null) {
		throw new DomainError("conflict", "an organization of this name exists", {
			hint: "choose another name; upper and lower case make no difference",
		});
	}
	const { organizations } = document ?? empty;
	if (livingIn(document).length >= limits.organizationsMax) {
		throw new DomainError(
			"too_large",
			`there are ${limits.organizationsMax} organizations already`,
		);
	}
	if (before === null && organizations.length >= limits.organizationNamesMax) {
		throw new DomainError(
			"too_large",
			`${limits.organizationNamesMax} names of organizations have been used already`,
		);
	}
	const others = organizations.filter((one) => one !== before);
	const key = freeKey(before === null ? wanted.name : nextKey(before.key), others);
	const entry: OrganizationEntry = { ...wanted, key, deleted: null };
	return { document: { organizations: [...others, entry] }, entry };
}

/** `acme`, `acme.2`, `acme.3`: no name holds a dot. */
function nextKey(key: string): string {
	const [name = "", count = "1"] = key.split(".");
	return `${name}.${Number(count) + 1}`;
}

/** The first key from this one on whose ids cannot be taken for another organization's. */
function freeKey(first: string, others: readonly OrganizationEntry[]): string {
	const taken = new Set(others.map((entry) => organizationOf(entry).idHead));
	let key = first;
	while (taken.has(idHeadOf(key))) key = nextKey(key);
	return key;
}

/** Marks one as deleted, or as not deleted; null when it is so, or has had another life since. */
export function withDeletion(
	document: OrganizationsDocument | null,
	key: string,
	deleted: string | null,
): OrganizationsDocument | null {
	const { organizations } = document ?? empty;
	const entry = organizations.find((one) => one.key === key);
	if (entry === undefined || (entry.deleted === null) === (deleted === null)) return null;
	return { organizations: organizations.map((one) => (one === entry ? { ...one, deleted } : one)) };
}
