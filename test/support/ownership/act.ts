import type { DataSource } from 'typeorm';

/** Something that a user does to what is the owner's. Its result is compared: nothing in it depends on the time. */
export type Act = (dataSource: DataSource, me: string) => Promise<unknown>;

/** By `Class.method`. */
export type Acts = Readonly<Record<string, readonly Act[]>>;
