import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What this installation has made up for itself, the same for all its processes. */
@Entity({ name: 'installation_secret' })
export class InstallationSecretEntity {
  @PrimaryColumn({ type: 'text', primaryKeyConstraintName: 'installation_secret_pk' })
  name!: string;

  @Column({ type: 'text' })
  value!: string;
}
