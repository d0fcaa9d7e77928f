import { Injectable } from '@nestjs/common';

/** Which passwords everybody tries first. */
export interface CommonPasswords {
  /** Expects lower case. */
  has(password: string): Promise<boolean>;
}

/** Some 49,000 passwords and words of them that were found in leaks, from zxcvbn's dictionary. Loaded when first asked. */
@Injectable()
export class LeakedPasswords implements CommonPasswords {
  private known: Promise<ReadonlySet<string>> | undefined;

  async has(password: string): Promise<boolean> {
    this.known ??= load();
    return (await this.known).has(password);
  }
}

async function load(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  return new Set(dictionary['passwords-common']);
}
