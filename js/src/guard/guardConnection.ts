import type { Kernel } from '@jupyterlab/services';
import type { JSONObject } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import {
  type FrontEndMessage,
  GUARD_TARGET,
  type ICellOutput,
  type IOfferMessage,
  type IRepairMessage,
  type IStatusMessage,
  isGuardMessage
} from '../contract/guard';

/** What a notebook can do for the guard of its kernel. */
export interface IRepairer {
  /** Take values out of a cell, and tell whether that was done. */
  repair(message: IRepairMessage | IOfferMessage): boolean;
  /** Ask a person whether that is to be done, and call `agreed` if so. */
  ask(message: IOfferMessage, agreed: () => void): void;
  /** The outputs that are shown. */
  takeOutputs(): readonly ICellOutput[];
  /** Show these in the place of the ones that were taken, and tell whether all were still there. */
  replaceOutputs(outputs: readonly ICellOutput[]): boolean;
}

/** As much of a comm as is used here. */
type Comm = Pick<Kernel.IComm, 'send' | 'onMsg' | 'onClose'>;

/** As much of a kernel's connection as is used here. */
export interface IKernel {
  readonly id: string;
  readonly info: Promise<unknown>;
  registerCommTarget(
    target: string,
    callback: (comm: Kernel.IComm, message: { readonly content: { readonly data: unknown } }) => void
  ): void;
  hasComm(id: string): boolean;
  createComm(target: string, id: string): Kernel.IComm;
  requestCommInfo(content: { readonly target_name: string }): Promise<{ readonly content: unknown }>;
}

/** How often outputs that change all the time are looked at again. */
const TRIES = 5;

/** A notebook's line to the guard of its kernel. There may be no guard at the other end, and then nothing is ever heard. */
export class GuardConnection {
  /** `_areSavedFilesChecked` asks the server about a kernel. */
  constructor(
    private readonly _repairer: IRepairer,
    private readonly _areSavedFilesChecked: (kernel: string) => Promise<boolean>
  ) {}

  /** How the guard does, or `null` where there is none. */
  get status(): IStatusMessage | null {
    return this._status;
  }

  /** Whether the server has the kernel check what it saves; `null` while that is not known. */
  get checksSavedFiles(): boolean | null {
    return this._checksSavedFiles;
  }

  /** Emitted when one of these has changed. */
  get statusChanged(): ISignal<this, void> {
    return this._statusChanged;
  }

  /** Listen to a kernel from now on, or to none. */
  listen(kernel: IKernel | null): void {
    this.lose();
    this._kernel = kernel;
    kernel?.registerCommTarget(GUARD_TARGET, (comm, { content }) => {
      this._use(comm);
      this._hear(comm, content.data);
    });
  }

  /** Look for a guard that was there before this page was. */
  async find(): Promise<void> {
    const kernel = this._kernel;
    if (kernel === null) {
      return;
    }
    await kernel.info;
    const { content } = await kernel.requestCommInfo({ target_name: GUARD_TARGET });
    if (kernel !== this._kernel) {
      return;
    }
    for (const id of idsOf(content)) {
      if (!kernel.hasComm(id)) {
        const comm = kernel.createComm(GUARD_TARGET, id);
        this._use(comm);
        send(comm, { kind: 'hello' });
      }
    }
  }

  /** The kernel is gone, or will be another one. */
  lose(): void {
    this._show(null);
  }

  private _use(comm: Kernel.IComm): void {
    const heard: Comm = comm;
    heard.onMsg = ({ content }) => {
      this._hear(comm, content.data);
    };
    heard.onClose = () => {
      this.lose();
    };
  }

  private _hear(comm: Kernel.IComm, data: unknown): void {
    // The kernel may have another version of the package: a message that is unknown here is ignored.
    if (!isGuardMessage(data)) {
      return;
    }
    if (data.kind === 'status') {
      const before = this._status?.on === true ? this._status.values : 0;
      this._show(data);
      if (data.on && data.values > before) {
        this._triesLeft = TRIES;
        this._sendOutputs(comm);
      }
    } else if (data.kind === 'outputs') {
      if (!this._repairer.replaceOutputs(data.outputs) && this._triesLeft > 0) {
        this._triesLeft -= 1;
        this._sendOutputs(comm);
      }
    } else if (data.kind === 'repair') {
      this._repair(comm, data);
    } else {
      this._repairer.ask(data, () => {
        this._repair(comm, data);
      });
    }
  }

  /** Have what was shown before looked at again: it may hold what has become known. */
  private _sendOutputs(comm: Kernel.IComm): void {
    const outputs = this._repairer.takeOutputs();
    if (outputs.length > 0) {
      send(comm, { kind: 'outputs', outputs });
    }
  }

  private _repair(comm: Kernel.IComm, message: IRepairMessage | IOfferMessage): void {
    const done = this._repairer.repair(message);
    send(comm, { kind: 'repaired', cell_id: message.cell_id, done });
  }

  private _show(status: IStatusMessage | null): void {
    const wasOn = this._status?.on === true;
    this._status = status;
    if (status?.on !== true) {
      this._checksSavedFiles = null;
    } else if (!wasOn) {
      void this._askAboutSavedFiles();
    }
    this._statusChanged.emit();
  }

  private async _askAboutSavedFiles(): Promise<void> {
    const kernel = this._kernel;
    if (kernel === null) {
      return;
    }
    // A server that can't be asked can't save a file either.
    const checked = await this._areSavedFilesChecked(kernel.id).catch(() => false);
    if (kernel === this._kernel && this._status?.on === true) {
      this._checksSavedFiles = checked;
      this._statusChanged.emit();
    }
  }

  private _triesLeft = 0;
  private _kernel: IKernel | null = null;
  private _status: IStatusMessage | null = null;
  private _checksSavedFiles: boolean | null = null;
  private readonly _statusChanged = new Signal<this, void>(this);
}

function send(comm: Comm, answer: FrontEndMessage): void {
  // JSON has no type for what can only be read.
  comm.send(JSON.parse(JSON.stringify(answer)) as JSONObject);
}

/** The comms that a kernel has, in its answer to a request for them. */
function idsOf(content: unknown): readonly string[] {
  const comms = typeof content === 'object' && content !== null && 'comms' in content ? content.comms : null;
  return typeof comms === 'object' && comms !== null ? Object.keys(comms) : [];
}
