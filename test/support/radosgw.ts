/**
 * Ceph's radosgw from Debian's packages: a real S3 server to test against. One monitor, one object
 * store in memory and one gateway, on loopback, in a temporary folder; about 12 s to start.
 * `scripts/install-radosgw.ts` installs it.
 */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBucket, type ForeignS3, freePort, untilAnswers } from "./foreign-s3.ts";

const programs = [
	"ceph",
	"ceph-authtool",
	"ceph-mon",
	"ceph-osd",
	"monmaptool",
	"radosgw",
	"radosgw-admin",
];
const startDeadlineMs = 90_000;

/** True when all of Ceph's programs that are needed can be run. */
export function radosgwAvailable(): boolean {
	return programs.every((program) => Bun.which(program) !== null);
}

/** The configuration of the small cluster. */
function configuration(
	directory: string,
	fsid: string,
	ports: { monV1: number; monV2: number; gateway: number },
): string {
	return `[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${ports.monV2},v1:127.0.0.1:${ports.monV1}]
keyring = ${directory}/admin.keyring
run_dir = ${directory}
admin_socket = ${directory}/$name.$pid.asok
log_file = ${directory}/$name.log
pid_file =
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_allow_pool_delete = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_crit = 1
mon_data_avail_warn = 2
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_data = ${directory}/osd
mon_data = ${directory}/mon
auth_allow_insecure_global_id_reclaim = false
[osd]
keyring = ${directory}/osd/keyring
osd_class_dir = ${classDirectory()}
[client.rgw]
keyring = ${directory}/rgw.keyring
rgw_data = ${directory}
rgw_frontends = beast endpoint=127.0.0.1:${ports.gateway} tcp_nodelay=1
rgw_thread_pool_size = 64
`;
}

/** Debian puts the classes where Ceph does not always look. */
function classDirectory(): string {
	const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
	return `/usr/lib/${architecture}-linux-gnu/rados-classes`;
}

/** The cluster's processes and its folder. */
class Cluster {
	readonly directory: string;
	readonly #processes: Bun.Subprocess[] = [];

	constructor(directory: string) {
		this.directory = directory;
	}

	/** Runs a program to its end and gives what it printed. */
	async run(program: string, ...parameters: string[]): Promise<string> {
		const process = Bun.spawn([program, ...this.#configured(program, parameters)], {
			stdout: "pipe",
			stderr: "pipe",
			cwd: this.directory,
		});
		const [out, err, code] = await Promise.all([
			process.stdout.text(),
			process.stderr.text(),
			process.exited,
		]);
		if (code !== 0) throw new Error(`${program} ended with ${code}: ${err}`);
		return out;
	}

	start(program: string, ...parameters: string[]): Bun.Subprocess {
		const process = Bun.spawn([program, "-f", ...this.#configured(program, parameters)], {
			stdout: "ignore",
			stderr: "ignore",
			cwd: this.directory,
		});
		this.#processes.push(process);
		return process;
	}

	#configured(program: string, parameters: string[]): string[] {
		const plain = program === "ceph-authtool" || program === "monmaptool";
		return plain ? parameters : ["-c", `${this.directory}/ceph.conf`, ...parameters];
	}

	async stop(): Promise<void> {
		for (const process of this.#processes.reverse()) process.kill("SIGKILL");
		await Promise.all(this.#processes.map((process) => process.exited));
		await rm(this.directory, { recursive: true, force: true });
	}
}

/** Starts a cluster with one empty, unversioned bucket. */
export async function startRadosgw(): Promise<ForeignS3> {
	const directory = await mkdtemp(join(tmpdir(), "radosgw-"));
	const cluster = new Cluster(directory);
	try {
		const ports = {
			monV1: await freePort(),
			monV2: await freePort(),
			gateway: await freePort(),
		};
		const fsid = crypto.randomUUID();
		await Bun.write(join(directory, "ceph.conf"), configuration(directory, fsid, ports));
		await startMonitor(cluster, fsid, ports);
		await startObjectStore(cluster);
		return await startGateway(cluster, ports.gateway);
	} catch (error) {
		await cluster.stop();
		throw error;
	}
}

async function startMonitor(
	cluster: Cluster,
	fsid: string,
	ports: { monV1: number; monV2: number },
): Promise<void> {
	const { directory } = cluster;
	const keyring = `${directory}/mon.keyring`;
	const admin = `${directory}/admin.keyring`;
	const all = ["--cap", "mon", "allow *"];
	await cluster.run(
		"ceph-authtool",
		"--create-keyring",
		keyring,
		"--gen-key",
		"-n",
		"mon.",
		...all,
	);
	await cluster.run(
		"ceph-authtool",
		"--create-keyring",
		admin,
		"--gen-key",
		"-n",
		"client.admin",
		...all,
		"--cap",
		"osd",
		"allow *",
		"--cap",
		"mgr",
		"allow *",
	);
	await cluster.run("ceph-authtool", keyring, "--import-keyring", admin);
	const addresses = `[v2:127.0.0.1:${ports.monV2},v1:127.0.0.1:${ports.monV1}]`;
	await cluster.run(
		"monmaptool",
		"--create",
		"--addv",
		"a",
		addresses,
		"--fsid",
		fsid,
		`${directory}/monmap`,
	);
	await cluster.run(
		"ceph-mon",
		"--mkfs",
		"-i",
		"a",
		"--monmap",
		`${directory}/monmap`,
		"--keyring",
		keyring,
	);
	cluster.start("ceph-mon", "-i", "a");
}

async function startObjectStore(cluster: Cluster): Promise<void> {
	const { directory } = cluster;
	await mkdir(`${directory}/osd`);
	const uuid = crypto.randomUUID();
	const id = (await cluster.run("ceph", "--connect-timeout", "60", "osd", "new", uuid)).trim();
	const key = await cluster.run(
		"ceph",
		"auth",
		"get-or-create-key",
		`osd.${id}`,
		"osd",
		"allow *",
		"mon",
		"allow profile osd",
	);
	await cluster.run(
		"ceph-authtool",
		"--create-keyring",
		`${directory}/osd/keyring`,
		"-n",
		`osd.${id}`,
		"--add-key",
		key.trim(),
	);
	await cluster.run("ceph-osd", "-i", id, "--mkfs", "--osd-uuid", uuid);
	cluster.start("ceph-osd", "-i", id);
}

async function startGateway(cluster: Cluster, port: number): Promise<ForeignS3> {
	const { directory } = cluster;
	await cluster.run(
		"ceph",
		"auth",
		"get-or-create",
		"client.rgw",
		"mon",
		"allow rwx",
		"osd",
		"allow rwx",
		"-o",
		`${directory}/rgw.keyring`,
	);
	const gateway = cluster.start("radosgw", "-n", "client.rgw");
	const endpoint = `http://127.0.0.1:${port}`;
	await untilAnswers(endpoint, gateway, startDeadlineMs);
	const credentials = {
		accessKeyId: "RADOSACCESSKEY",
		secretAccessKey: "rados/secret+key",
	};
	await cluster.run(
		"radosgw-admin",
		"-n",
		"client.rgw",
		"user",
		"create",
		"--uid",
		"opentaco",
		"--display-name",
		"opentaco",
		"--access-key",
		credentials.accessKeyId,
		"--secret-key",
		credentials.secretAccessKey,
	);
	const bucket = "rados-bucket";
	await createBucket(endpoint, "us-east-1", bucket, credentials);
	return {
		endpoint,
		region: "us-east-1",
		bucket,
		credentials,
		stop: () => cluster.stop(),
	};
}
