/**
 * Where a recorded reading came from: the configuration that Terraform keeps beside the outputs that
 * it read, resolved back to a unit of this server. Pure; the server's own addresses come in.
 */
import { type ExactJson, ExactNumber, type ExactObject } from "../../lib/exact-json.ts";
import { decodeUnitSegment, parseUnitPath, type UnitId, unitIdOfKey } from "../unit/unit-id.ts";
import { unitOrNull } from "./edge-id.ts";

/** Under which addresses clients reach the units of this graph. */
export interface ServerAddresses {
	/** What the organization is called in addresses, buckets and cloud blocks. */
	readonly organizations: readonly string[];
	/** Whether addresses that name no organization mean this one. */
	readonly isDefault: boolean;
	/** Hosts of this server in lower case, `name:port` where the port is known, else `name` for every port. */
	readonly hosts: readonly string[];
	/**
	 * Whether `hosts` is all there is. If nobody has said under which names clients reach the server,
	 * an address with an unknown host counts when its path names a unit that exists here.
	 */
	readonly isComplete: boolean;
}

/** Nothing is known of the server: whatever names a unit that exists here means it. */
export const unknownAddresses: ServerAddresses = {
	organizations: [],
	isDefault: true,
	hosts: [],
	isComplete: false,
};

/** A unit here for certain, a unit here if it exists, or something outside. */
export type ReadingSource =
	| { readonly kind: "unit"; readonly unit: UnitId }
	| { readonly kind: "candidate"; readonly unit: UnitId }
	| { readonly kind: "external" };

const external: ReadingSource = { kind: "external" };

/** Members of an object; empty for anything else. */
export function membersOf(value: ExactJson | undefined): ExactObject {
	return value instanceof Map ? (value as ExactObject) : new Map();
}

/** The value inside of Terraform's `{"value": …, "type": …}` for what has any type. */
export function dynamicValue(value: ExactJson | undefined): ExactJson | undefined {
	const members = membersOf(value);
	return members.has("value") && members.has("type") && members.size === 2
		? members.get("value")
		: value;
}

/** The text of a member; null without one. */
export function textIn(members: ExactObject, name: string): string | null {
	const value = members.get(name);
	return typeof value === "string" && value !== "" ? value : null;
}

/** The unit behind an instance of `type` with these attributes. Total. */
export function readingSource(
	type: string,
	attributes: ExactObject,
	addresses: ServerAddresses,
): ReadingSource {
	if (type === "opentaco_outputs") return sourceOfOutputs(attributes, addresses);
	if (type === "tfe_outputs") {
		const [organization, workspace] = [
			textIn(attributes, "organization"),
			textIn(attributes, "workspace"),
		];
		return workspace === null ? external : ofWorkspace(organization, workspace, addresses, false);
	}
	const config = membersOf(dynamicValue(attributes.get("config")));
	const workspace = textIn(attributes, "workspace") ?? "default";
	switch (textIn(attributes, "backend")) {
		case "http":
			return sourceOfHttp(config, addresses);
		case "s3":
			return sourceOfS3(config, workspace, addresses);
		case "remote":
		case "cloud":
			return sourceOfRemote(config, workspace, addresses);
		default:
			return external;
	}
}

function sourceOfOutputs(attributes: ExactObject, addresses: ServerAddresses): ReadingSource {
	const text =
		textIn(attributes, "unit_id") ?? textIn(attributes, "unit") ?? textIn(attributes, "id");
	const unit = text === null ? null : unitOrNull(() => parseUnitPath(text));
	const organization = textIn(attributes, "organization");
	const isOurs =
		organization === null
			? addresses.isDefault || !attributes.has("organization")
			: addresses.organizations.includes(organization);
	if (!isOurs) return external;
	const url = urlOf(textIn(attributes, "server"));
	return found(url === null ? "unit" : ownHost(url.host, addresses), unit);
}

/** How sure it is that a host is this server: `unit`, `candidate`, or not at all. */
function ownHost(host: string, addresses: ServerAddresses): "unit" | "candidate" | null {
	const name = host.toLowerCase();
	const bare = name.replace(/:[0-9]+$/, "");
	if (addresses.hosts.includes(name) || addresses.hosts.includes(bare)) return "unit";
	return addresses.isComplete ? null : "candidate";
}

function found(kind: "unit" | "candidate" | null, unit: UnitId | null): ReadingSource {
	return kind === null || unit === null ? external : { kind, unit };
}

function urlOf(text: string | null): URL | null {
	if (text === null) return null;
	const url = URL.parse(text);
	return url !== null && /^https?:$/.test(url.protocol) ? url : null;
}

const organizationForm = /^\/v1\/orgs\/([^/]+)\/(.*)$/s;
const backendStart = "backend/";

function sourceOfHttp(config: ExactObject, addresses: ServerAddresses): ReadingSource {
	const text = textIn(config, "address");
	const url = urlOf(text);
	if (text === null || url === null) return external;
	// `URL` would collapse `..`; ids have none, so the path that it gives is what the server sees.
	const named = organizationForm.exec(url.pathname);
	const isOurs =
		named === null ? addresses.isDefault : addresses.organizations.includes(named[1] ?? "");
	const rest = named === null ? url.pathname.slice("/v1/".length) : (named[2] ?? "");
	if (!isOurs || !url.pathname.startsWith("/v1/") || !rest.startsWith(backendStart))
		return external;
	const path = rest.slice(backendStart.length);
	const unit = unitOrNull(() => parseUnitPath(path));
	return found(ownHost(url.host, addresses), unit);
}

function sourceOfS3(
	config: ExactObject,
	workspace: string,
	addresses: ServerAddresses,
): ReadingSource {
	const key = textIn(config, "key");
	const bucket = textIn(config, "bucket");
	if (key === null || bucket === null || !addresses.organizations.includes(bucket)) return external;
	const endpoints = firstOf(config.get("endpoints"));
	const endpoint = textIn(endpoints, "s3") ?? textIn(config, "endpoint");
	const url = urlOf(endpoint);
	// Without an endpoint in the configuration it came from the environment.
	const kind = url === null ? "candidate" : ownHost(url.host, addresses);
	const prefix = textIn(config, "workspace_key_prefix") ?? "env:";
	const full = workspace === "default" ? key : `${prefix}/${workspace}/${key}`;
	return found(kind, unitIdOfKey(full.replace(/^\/+/, "")));
}

function sourceOfRemote(
	config: ExactObject,
	workspace: string,
	addresses: ServerAddresses,
): ReadingSource {
	const workspaces = firstOf(config.get("workspaces"));
	const prefix = textIn(workspaces, "prefix");
	const name =
		textIn(workspaces, "name") ??
		(prefix === null || workspace === "default" ? null : prefix + workspace);
	if (name === null) return external;
	const hostname = textIn(config, "hostname") ?? foreignHost;
	if (hostname.toLowerCase() === foreignHost) return external;
	const kind = ownHost(hostname, addresses);
	if (kind === null) return external;
	return ofWorkspace(textIn(config, "organization"), name, addresses, kind === "unit");
}

/** What Terraform takes when no host is named. */
const foreignHost = "app.terraform.io";

function ofWorkspace(
	organization: string | null,
	name: string,
	addresses: ServerAddresses,
	isCertain: boolean,
): ReadingSource {
	const isOurs = organization === null || addresses.organizations.includes(organization);
	if (!isOurs) return external;
	return found(
		isCertain ? "unit" : "candidate",
		unitOrNull(() => decodeUnitSegment(name)),
	);
}

/** A block, which Terraform keeps as an object or as a list of one. */
function firstOf(value: ExactJson | undefined): ExactObject {
	const inner = dynamicValue(value);
	if (Array.isArray(inner)) return membersOf((inner as readonly ExactJson[])[0]);
	return inner instanceof ExactNumber ? new Map() : membersOf(inner);
}
