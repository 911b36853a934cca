/**
 * The typed client of `/v1`. One method for each route; what may be repeated safely is repeated
 * when the connection or a gateway fails, everything else is sent once.
 */

import type { UnitOutputs } from "../api/outputs.ts";
import type { S3CredentialsView } from "../api/s3-credentials.ts";
import type {
	ForceUnlocked,
	Labels,
	LockRequest,
	LockView,
	Message,
	Restored,
	RestoreRequest,
	ServerInfo,
	UnitCreated,
	UnitList,
	UnitSettings,
	UnitSettingsChange,
	UnitView,
	Uploaded,
	VersionList,
	VersionView,
} from "../api/units.ts";
import { AuditClient } from "./audit-client.ts";
import { type CallOptions, callFor, unitSegment } from "./call.ts";
import { type Download, openDownload } from "./download.ts";
import { GraphClient } from "./graph-client.ts";
import { type ApiRequest, Http, type HttpOptions } from "./http.ts";
import { clientLimits } from "./limits.ts";
import { OrganizationsClient } from "./organizations-client.ts";
import { type OutputsOptions, readOutputs } from "./outputs-client.ts";
import { allPages } from "./pages.ts";
import { ProjectsClient } from "./projects-client.ts";
import { RbacClient } from "./rbac-client.ts";
import type { RequestBody } from "./request-body.ts";
import { TeamsClient } from "./teams-client.ts";
import { VariableSetsClient } from "./variable-sets-client.ts";
import { VariablesClient } from "./variables-client.ts";

export type ClientOptions = HttpOptions;

export interface UnitFilter {
	/** A plain string prefix of the id. */
	readonly prefix?: string | undefined;
	/** Each must be there with this value. */
	readonly labels?: Labels | undefined;
	/** Deleted units instead of living ones. */
	readonly deleted?: boolean | undefined;
	/** At most so many; all when absent. */
	readonly unitsMax?: number | undefined;
}

export interface ChangeOptions extends CallOptions {
	/** The unit's ETag, `"g<generation>"`: refused with `precondition_failed` when it changed since. */
	readonly ifMatch?: string | undefined;
}

export interface UploadOptions extends CallOptions {
	/** Write only if the unit is locked with this lock id. */
	readonly ifLockedBy?: string | undefined;
	/** Write in spite of serial, lineage and lock; needs its own right. */
	readonly force?: boolean | undefined;
	/** The SHA-256 of the state that this one replaces, hex. */
	readonly ifMatch?: string | undefined;
	readonly onSent?: ((bytes: number) => void) | undefined;
}

/**
 * A server and a token. Every method throws ClientError, and nothing else, when the call does not
 * succeed; unit ids are sent as they are given and checked by the server.
 */
export class TacoClient {
	readonly #http: Http;

	/** @throws ClientError `invalid_server_url`, `invalid_token`. */
	constructor(options: ClientOptions) {
		this.#http = new Http(options);
	}

	/** Roles, and who has them. */
	get rbac(): RbacClient {
		return new RbacClient(this.#http);
	}

	/** What happened, and what was refused. */
	get audit(): AuditClient {
		return new AuditClient(this.#http);
	}

	/** Who depends on whose outputs. */
	get graph(): GraphClient {
		return new GraphClient(this.#http);
	}

	/** Organizations as things; `organization` among the options says in which the rest works. */
	get organizations(): OrganizationsClient {
		return new OrganizationsClient(this.#http);
	}

	/** Names under which units are grouped. */
	get projects(): ProjectsClient {
		return new ProjectsClient(this.#http);
	}

	/** Teams, who is in them, and what they may do in units and projects. */
	get teams(): TeamsClient {
		return new TeamsClient(this.#http);
	}

	/** Variables of units. */
	get variables(): VariablesClient {
		return new VariablesClient(this.#http);
	}

	/** Variables that apply to many units. */
	get variableSets(): VariableSetsClient {
		return new VariableSetsClient(this.#http);
	}

	/** The server's address in its one spelling. */
	get serverUrl(): string {
		return this.#http.serverUrl;
	}

	info(options: CallOptions = {}): Promise<ServerInfo> {
		return this.#call({ method: "GET", path: "/v1/info", repeatable: true, ...options }, "version");
	}

	/** Credentials for the S3 endpoint, as AWS clients take them from a process. */
	issueS3Credentials(options: CallOptions = {}): Promise<S3CredentialsView> {
		return this.#call(
			{ method: "POST", path: "/v1/auth/issue-s3-creds", repeatable: true, ...options },
			"AccessKeyId",
		);
	}

	/** All units that the filter lets through, sorted by id, over as many pages as it takes. */
	async listUnits(filter: UnitFilter = {}, options: CallOptions = {}): Promise<UnitView[]> {
		return await allPages(async ({ cursor, itemsMax }) => {
			const query = listQuery(filter, Math.min(clientLimits.unitsPerPage, itemsMax), cursor);
			const { units: items, next } = await this.#call<UnitList>(
				{ method: "GET", path: "/v1/units", query, repeatable: true, ...options },
				"units",
			);
			return { items, next };
		}, filter.unitsMax);
	}

	/** Sent once: a second one would find the unit of the first. */
	createUnit(id: string, labels?: Labels, options: CallOptions = {}): Promise<UnitCreated> {
		const json = labels === undefined ? { id } : { id, labels };
		return this.#call(
			{ method: "POST", path: "/v1/units", json, repeatable: false, ...options },
			"id",
		);
	}

	getUnit(id: string, options: CallOptions = {}): Promise<UnitView> {
		return this.#call({ method: "GET", path: unitPath(id), repeatable: true, ...options }, "id");
	}

	/** Replaces the labels. */
	updateUnit(id: string, labels: Labels, options: ChangeOptions = {}): Promise<UnitView> {
		return this.#call(
			{
				method: "PATCH",
				path: unitPath(id),
				json: { labels },
				headers: ifMatch(options.ifMatch),
				// With a condition the repetition of a success would fail.
				repeatable: options.ifMatch === undefined,
				signal: options.signal,
			},
			"id",
		);
	}

	getUnitSettings(id: string, options: CallOptions = {}): Promise<UnitSettings> {
		const path = `${unitPath(id)}/settings`;
		return this.#call({ method: "GET", path, repeatable: true, ...options }, "execution_mode");
	}

	/** What is absent stays; a project is named by its name. */
	updateUnitSettings(
		id: string,
		json: UnitSettingsChange,
		options: CallOptions = {},
	): Promise<UnitSettings> {
		const path = `${unitPath(id)}/settings`;
		return this.#call(
			{ method: "PATCH", path, json, repeatable: true, ...options },
			"execution_mode",
		);
	}

	/** Recoverable with `undeleteUnit`. `force` deletes a locked unit. */
	async deleteUnit(id: string, options: ChangeOptions & { force?: boolean } = {}): Promise<void> {
		await this.#http.json({
			method: "DELETE",
			path: unitPath(id),
			query: options.force ? [["force", "true"]] : [],
			headers: ifMatch(options.ifMatch),
			repeatable: false,
			signal: options.signal,
		});
	}

	undeleteUnit(id: string, options: CallOptions = {}): Promise<UnitView> {
		return this.#call(
			{ method: "POST", path: `${unitPath(id)}/undelete`, repeatable: false, ...options },
			"id",
		);
	}

	/** The current state, or that of a version, as a stream that checks itself at its end. */
	async download(
		id: string,
		options: CallOptions & { version?: number | undefined } = {},
	): Promise<Download> {
		const { version, signal } = options;
		const path =
			version === undefined
				? `${unitPath(id)}/download`
				: `${unitPath(id)}/versions/${version}/download`;
		const answer = await this.#http.send({ method: "GET", path, repeatable: true, signal });
		return openDownload(answer, this.#http.transferIdleMs, signal);
	}

	/** The outputs of the current state, or of a version, that the caller may read. */
	outputs(id: string, options: OutputsOptions = {}): Promise<UnitOutputs> {
		return readOutputs(this.#http, id, options);
	}

	/** The same bytes again are an idempotent success, so that a broken upload is repeated. */
	upload(id: string, body: RequestBody, options: UploadOptions = {}): Promise<Uploaded> {
		const query: [string, string][] = [];
		if (options.ifLockedBy !== undefined) query.push(["if_locked_by", options.ifLockedBy]);
		if (options.force) query.push(["force", "true"]);
		return this.#call(
			{
				method: "POST",
				path: `${unitPath(id)}/upload`,
				query,
				body,
				headers: ifMatch(options.ifMatch === undefined ? undefined : `"${options.ifMatch}"`),
				repeatable: options.ifMatch === undefined,
				signal: options.signal,
				onSent: options.onSent,
			},
			"version",
		);
	}

	/** The id makes it repeatable: the holder of a lock may ask for it again. */
	lock(
		id: string,
		request: LockRequest & { readonly id: string },
		options: CallOptions = {},
	): Promise<LockView> {
		return this.#call(
			{
				method: "POST",
				path: `${unitPath(id)}/lock`,
				json: request,
				repeatable: true,
				...options,
			},
			"id",
		);
	}

	/** Releasing with an id that was released already succeeds. */
	unlock(id: string, lockId: string, options: CallOptions = {}): Promise<Message> {
		return this.#call(
			{
				method: "DELETE",
				path: `${unitPath(id)}/unlock`,
				json: { id: lockId },
				repeatable: true,
				...options,
			},
			"message",
		);
	}

	/** Breaks the lock whoever holds it; with an id only that one. */
	forceUnlock(id: string, lockId?: string, options: CallOptions = {}): Promise<ForceUnlocked> {
		return this.#call(
			{
				method: "POST",
				path: `${unitPath(id)}/force-unlock`,
				json: lockId === undefined ? {} : { id: lockId },
				repeatable: false,
				...options,
			},
			"message",
		);
	}

	/** Newest first. */
	versions(id: string, options: CallOptions = {}): Promise<VersionList> {
		return this.#call(
			{ method: "GET", path: `${unitPath(id)}/versions`, repeatable: true, ...options },
			"versions",
		);
	}

	version(id: string, version: number, options: CallOptions = {}): Promise<VersionView> {
		return this.#call(
			{ method: "GET", path: `${unitPath(id)}/versions/${version}`, repeatable: true, ...options },
			"version",
		);
	}

	/** A preview changes nothing and is repeated; a restoration is sent once. */
	restore(id: string, request: RestoreRequest, options: CallOptions = {}): Promise<Restored> {
		return this.#call(
			{
				method: "POST",
				path: `${unitPath(id)}/restore`,
				json: request,
				repeatable: request.preview === true,
				...options,
			},
			"restored_version",
		);
	}

	#call<T>(request: ApiRequest, field: keyof T & string): Promise<T> {
		return callFor<T>(this.#http, request, field);
	}
}

function unitPath(id: string): string {
	return `/v1/units/${unitSegment(id)}`;
}

function ifMatch(etag: string | undefined): Record<string, string> {
	return etag === undefined ? {} : { "if-match": etag };
}

function listQuery(
	filter: UnitFilter,
	limit: number,
	cursor: string | undefined,
): [string, string][] {
	const query: [string, string][] = [["limit", String(limit)]];
	if (filter.prefix !== undefined) query.push(["prefix", filter.prefix]);
	for (const [key, value] of Object.entries(filter.labels ?? {})) {
		query.push(["label", `${key}=${value}`]);
	}
	if (filter.deleted) query.push(["deleted", "true"]);
	if (cursor !== undefined) query.push(["cursor", cursor]);
	return query;
}
