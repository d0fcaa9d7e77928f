import { Injectable } from '@nestjs/common';

/** Says that the process is on its way down: from then on it is not ready. */
@Injectable()
export class Draining {
  private hasBegun = false;

  get isDraining(): boolean {
    return this.hasBegun;
  }

  begin(): void {
    this.hasBegun = true;
  }
}
