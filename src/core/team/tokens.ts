/**
 * Which tokens speak for a team or for the organization. The tokens themselves are issued and
 * revoked where identity is; what is written here first is what can be found and revoked later.
 */
import { DomainError } from "../errors.ts";
import { limits } from "../limits.ts";
import type { Caller } from "../principal.ts";
import { Gate, type Grant } from "../rbac/grant.ts";
import { everything } from "../rbac/resource.ts";
import { teamIn } from "./changes.ts";
import {
	ownersId,
	subjectOfAudit,
	subjectOfOrganization,
	subjectOfTeam,
	type Team,
	type TeamsDocument,
	type TeamToken,
} from "./model.ts";
import {
	authorizeTeam,
	changeTeams,
	isIn,
	personHere,
	readTeams,
	seenTeam,
	type TeamsDeps,
	teamRights,
} from "./shared.ts";

/** What is to be done about tokens: whom a new one speaks for, and which ones end. */
export interface TokenPlan {
	readonly subject: string;
	readonly ending: readonly string[];
	readonly grant: Grant;
}

export const organizationTokenKinds = ["plain", "audit-trails"] as const;
/** What an organization's token is for: arranging, or reading the audit trail. */
export type OrganizationTokenKind = (typeof organizationTokenKinds)[number];

/** Where a token belongs. */
export interface TokenPlace {
	/** null: it is the organization's. */
	readonly team: string | null;
	/** Of those of the organization. */
	readonly kind: OrganizationTokenKind;
}

/** Keeps the ids of the tokens of teams and of the organization. */
export class TeamTokens {
	readonly #deps: TeamsDeps;

	constructor(deps: TeamsDeps) {
		this.#deps = deps;
	}

	/** The team's tokens. Fails with `not_found`, `forbidden`. */
	async ofTeam(caller: Caller, team: string): Promise<readonly TeamToken[]> {
		await this.#authorizeTeam(caller, team);
		return teamIn(await readTeams(this.#deps), team).tokens;
	}

	/**
	 * Notes a token that is about to be issued; a plain one takes the place of the one before.
	 * Fails with `not_found`, `forbidden`, `too_large`, or as Register.update.
	 */
	async addToTeam(caller: Caller, team: string, token: TeamToken): Promise<TokenPlan> {
		const grant = await this.#authorizeTeam(caller, team);
		const what = { operation: "team.token.create", detail: `${team} ${token.id}` };
		return await changeTeams(this.#deps, grant, what, (document) => {
			const before = teamIn(document, team);
			const ending = token.isPlain ? before.tokens.filter((one) => one.isPlain) : [];
			const tokens = [...before.tokens.filter((one) => !ending.includes(one)), token];
			if (tokens.length > limits.teamTokensMax) {
				throw new DomainError("too_large", `the team has ${limits.teamTokensMax} tokens already`, {
					hint: "delete some of them first",
				});
			}
			const after = withTokens(document, team, tokens);
			const ids = ending.map(({ id }) => id);
			return { after, result: { subject: subjectOfTeam(team), ending: ids, grant } };
		});
	}

	/** Forgets tokens of a team, by their ids or all plain ones. Fails as `addToTeam`. */
	async removeFromTeam(
		caller: Caller,
		team: string,
		isEnding: (token: TeamToken) => boolean,
	): Promise<TokenPlan> {
		const grant = await this.#authorizeTeam(caller, team);
		const what = { operation: "team.token.delete", detail: team };
		return await changeTeams(this.#deps, grant, what, (document) => {
			const { tokens } = teamIn(document, team);
			const ending = tokens.filter(isEnding);
			if (ending.length === 0) throw new DomainError("not_found", "there is no such token");
			const kept = tokens.filter((one) => !ending.includes(one));
			const ids = ending.map(({ id }) => id);
			return {
				after: withTokens(document, team, kept),
				result: { subject: subjectOfTeam(team), ending: ids, grant },
			};
		});
	}

	/** The organization's token; null without one. Fails with `forbidden`. */
	async ofOrganization(caller: Caller, kind: OrganizationTokenKind): Promise<string | null> {
		await this.#deps.gate.authorize(caller, "rbac.manage", everything);
		return tokenOf(await readTeams(this.#deps), kind);
	}

	/** Puts another token, or none, in the place of the organization's. Fails with `forbidden`. */
	async setOrganization(
		caller: Caller,
		kind: OrganizationTokenKind,
		id: string | null,
	): Promise<TokenPlan> {
		const grant = await this.#deps.gate.authorize(caller, "rbac.manage", everything);
		const operation = id === null ? "organization.token.delete" : "organization.token.create";
		const detail = `${kind} ${id ?? ""}`;
		return await changeTeams(this.#deps, grant, { operation, detail }, (document) => {
			const before = tokenOf(document, kind);
			const change = kind === "plain" ? { organizationToken: id } : { auditToken: id };
			const after = before === id ? document : { ...document, ...change };
			const subject = kind === "plain" ? subjectOfOrganization(document) : subjectOfAudit(document);
			return { after, result: { subject, ending: before === null ? [] : [before], grant } };
		});
	}

	/** Where the token belongs, if the caller may know; null otherwise. Fails as Register.read. */
	async placeOf(caller: Caller, token: string): Promise<TokenPlace | null> {
		const [document, rights] = await Promise.all([
			readTeams(this.#deps),
			teamRights(this.#deps, caller),
		]);
		const team = document.teams.find(({ tokens }) => tokens.some(({ id }) => id === token));
		if (team !== undefined) {
			const may = team.id === ownersId ? rights.mayManageOwners : rights.mayManage;
			return may || this.#isOpen(document, team, caller) ? { team: team.id, kind: "plain" } : null;
		}
		const kind = organizationTokenKinds.find((one) => tokenOf(document, one) === token);
		return kind !== undefined && rights.mayManageOwners ? { team: null, kind } : null;
	}

	/** The tokens of all teams, with their teams. Fails with `forbidden`. */
	async ofAllTeams(caller: Caller): Promise<readonly (TeamToken & { readonly team: string })[]> {
		await this.#deps.gate.authorize(caller, "team.manage", everything);
		const { teams } = await readTeams(this.#deps);
		return teams.flatMap(({ id: team, tokens }) => tokens.map((token) => ({ ...token, team })));
	}

	/** Whether the team lets the caller manage its tokens as a member; by one of them nobody does. */
	#isOpen(document: TeamsDocument, { id, isTokenOpen }: Team, caller: Caller): boolean {
		const person = personHere(this.#deps, caller);
		return (
			id !== ownersId &&
			isTokenOpen &&
			person.scope === undefined &&
			person.id !== subjectOfTeam(id) &&
			isIn(document, person, id)
		);
	}

	/** Who manages teams may, and members where the team lets them. */
	async #authorizeTeam(caller: Caller, id: string): Promise<Grant> {
		const { document, team } = await seenTeam(this.#deps, caller, id);
		if (!this.#isOpen(document, team, caller)) {
			return await authorizeTeam(this.#deps, caller, id, "team.manage");
		}
		// What the team's own setting lets its members do.
		return await new Gate(async () => true).authorize(caller, "team.manage", everything);
	}
}

function tokenOf(document: TeamsDocument, kind: OrganizationTokenKind): string | null {
	return kind === "plain" ? document.organizationToken : (document.auditToken ?? null);
}

function withTokens(
	document: TeamsDocument,
	team: string,
	tokens: readonly TeamToken[],
): TeamsDocument {
	return {
		...document,
		teams: document.teams.map((one) => (one.id === team ? { ...one, tokens } : one)),
	};
}
