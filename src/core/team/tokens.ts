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
	subjectOfOrganization,
	subjectOfTeam,
	type TeamsDocument,
	type TeamToken,
} from "./model.ts";
import {
	authorizeTeam,
	changeTeams,
	isIn,
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

/** Where a token belongs. */
export interface TokenPlace {
	/** null: it is the organization's. */
	readonly team: string | null;
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
	async ofOrganization(caller: Caller): Promise<string | null> {
		await this.#deps.gate.authorize(caller, "rbac.manage", everything);
		return (await readTeams(this.#deps)).organizationToken;
	}

	/** Puts another token, or none, in the place of the organization's. Fails with `forbidden`. */
	async setOrganization(caller: Caller, id: string | null): Promise<TokenPlan> {
		const grant = await this.#deps.gate.authorize(caller, "rbac.manage", everything);
		const operation = id === null ? "organization.token.delete" : "organization.token.create";
		return await changeTeams(this.#deps, grant, { operation, detail: id ?? "" }, (document) => {
			const { organizationToken: before } = document;
			const after = before === id ? document : { ...document, organizationToken: id };
			const ending = before === null ? [] : [before];
			return { after, result: { subject: subjectOfOrganization(document), ending, grant } };
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
			const isOpen = team.isTokenOpen && isIn(document, caller, team.id);
			return may || isOpen ? { team: team.id } : null;
		}
		const isOurs = document.organizationToken === token && rights.mayManageOwners;
		return isOurs ? { team: null } : null;
	}

	/** The tokens of all teams, with their teams. Fails with `forbidden`. */
	async ofAllTeams(caller: Caller): Promise<readonly (TeamToken & { readonly team: string })[]> {
		await this.#deps.gate.authorize(caller, "team.manage", everything);
		const { teams } = await readTeams(this.#deps);
		return teams.flatMap(({ id: team, tokens }) => tokens.map((token) => ({ ...token, team })));
	}

	/** Members may as well, where the team lets them; not by one of its tokens. */
	async #authorizeTeam(caller: Caller, id: string): Promise<Grant> {
		const { document, team } = await seenTeam(this.#deps, caller, id);
		const isOpen =
			id !== ownersId &&
			team.isTokenOpen &&
			caller.principal.scope === undefined &&
			caller.principal.id !== subjectOfTeam(id) &&
			isIn(document, caller, id);
		if (!isOpen) return await authorizeTeam(this.#deps, caller, id, "team.manage");
		// What the team's own setting lets its members do.
		return await new Gate(async () => true).authorize(caller, "team.manage", everything);
	}
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
