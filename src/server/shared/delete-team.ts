/** The end of a team, with all that speaks for it. */
import type { Identities } from "../../auth/identity.ts";
import { ownGrant } from "../../auth/shared-state.ts";
import type { Core } from "../../core/core.ts";
import type { Caller } from "../../core/principal.ts";
import { subjectOfTeam } from "../../core/team/model.ts";

/** Its tokens end with it: the subject that they speak for can never act again. */
export async function deleteTeam(
	caller: Caller,
	core: Core,
	identities: Promise<Identities>,
	id: string,
): Promise<void> {
	const ending = await core.teams.delete(caller, id);
	const { subjects, tokens } = await identities;
	const grant = await ownGrant(caller);
	await subjects.setDisabled(grant, subjectOfTeam(id), true);
	for (const token of ending) await tokens.revoke(grant, token);
}
