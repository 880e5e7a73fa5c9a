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

/** Changes cells and outputs of a document for the guard. */
export interface IRepairer {
  /** Replace the source of a cell, and return whether that succeeded. */
  repair(message: IRepairMessage | IOfferMessage): boolean;
  /** Ask the user whether to replace the source of a cell, and call `onAgree` if the user agrees. */
  ask(message: IOfferMessage, onAgree: () => void): void;
  /** Return the displayed outputs, and remember them for `replaceOutputs`. */
  takeOutputs(): readonly ICellOutput[];
  /** Replace the outputs that `takeOutputs` has returned. Return `false` if an output has changed since then. */
  replaceOutputs(outputs: readonly ICellOutput[]): boolean;
}

/** The part of a kernel that a connection uses. */
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

/** The maximum number of times that outputs are sent again because one has changed before the answer of the guard arrived. */
const MAX_RETRIES = 5;

/**
 * A connection of a document to the guard of its kernel, which masks values in
 * outputs. If the kernel has no guard, the connection sends nothing.
 */
export class GuardConnection {
  /** `_areSavedFilesChecked` asks the server whether a kernel checks the files that the server saves. */
  constructor(
    private readonly _repairer: IRepairer,
    private readonly _areSavedFilesChecked: (kernelId: string) => Promise<boolean>
  ) {}

  /** The status of the guard, or `null` if there is none. */
  get status(): IStatusMessage | null {
    return this._status;
  }

  /** Whether the kernel checks the files that the server saves; `null` while this is unknown. */
  get checksSavedFiles(): boolean | null {
    return this._checksSavedFiles;
  }

  /** Emitted when the status or the check of saved files has changed. */
  get statusChanged(): ISignal<this, void> {
    return this._statusChanged;
  }

  /** Listen to the guard of a kernel; with `null`, listen to no guard. */
  listen(kernel: IKernel | null): void {
    this.disconnect();
    this._kernel = kernel;
    kernel?.registerCommTarget(GUARD_TARGET, (comm, { content }) => {
      this._attach(comm);
      this._receive(comm, content.data);
    });
  }

  /** Find the comm of a guard that was loaded before the page. */
  async findComm(): Promise<void> {
    const kernel = this._kernel;
    if (kernel === null) {
      return;
    }
    await kernel.info;
    const { content } = await kernel.requestCommInfo({ target_name: GUARD_TARGET });
    if (kernel !== this._kernel) {
      return;
    }
    for (const id of commIdsOf(content)) {
      if (!kernel.hasComm(id)) {
        const comm = kernel.createComm(GUARD_TARGET, id);
        this._attach(comm);
        send(comm, { kind: 'hello' });
      }
    }
  }

  /** Drop the status, because the kernel has ended or is replaced. */
  disconnect(): void {
    this._setStatus(null);
  }

  private _attach(comm: Kernel.IComm): void {
    comm.onMsg = ({ content }) => {
      this._receive(comm, content.data);
    };
    comm.onClose = () => {
      this.disconnect();
    };
  }

  private _receive(comm: Kernel.IComm, data: unknown): void {
    // The kernel may have another version of the package, so an unknown message is ignored.
    if (!isGuardMessage(data)) {
      return;
    }
    if (data.kind === 'status') {
      const previousValueCount = this._status?.is_on === true ? this._status.value_count : 0;
      this._setStatus(data);
      if (data.is_on && data.value_count > previousValueCount) {
        this._retriesLeft = MAX_RETRIES;
        this._sendOutputs(comm);
      }
    } else if (data.kind === 'outputs') {
      if (!this._repairer.replaceOutputs(data.outputs) && this._retriesLeft > 0) {
        this._retriesLeft -= 1;
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

  /** Send the displayed outputs to the guard, because they may contain a value that was just registered. */
  private _sendOutputs(comm: Kernel.IComm): void {
    const outputs = this._repairer.takeOutputs();
    if (outputs.length > 0) {
      send(comm, { kind: 'outputs', outputs });
    }
  }

  private _repair(comm: Kernel.IComm, message: IRepairMessage | IOfferMessage): void {
    const isReplaced = this._repairer.repair(message);
    send(comm, { kind: 'repaired', cell_id: message.cell_id, is_repaired: isReplaced });
  }

  private _setStatus(status: IStatusMessage | null): void {
    const wasOn = this._status?.is_on === true;
    this._status = status;
    if (status?.is_on !== true) {
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
    // If the request fails, the server is unreachable and cannot save a file either, so `false` does no harm.
    const isChecked = await this._areSavedFilesChecked(kernel.id).catch(() => false);
    if (kernel === this._kernel && this._status?.is_on === true) {
      this._checksSavedFiles = isChecked;
      this._statusChanged.emit();
    }
  }

  private _retriesLeft = 0;
  private _kernel: IKernel | null = null;
  private _status: IStatusMessage | null = null;
  private _checksSavedFiles: boolean | null = null;
  private readonly _statusChanged = new Signal<this, void>(this);
}

function send(comm: Kernel.IComm, message: FrontEndMessage): void {
  // The type JSONObject does not accept readonly properties, so the message is copied.
  comm.send(JSON.parse(JSON.stringify(message)) as JSONObject);
}

/** Return the identifiers of the comms in a reply to `comm_info_request`. */
function commIdsOf(content: unknown): readonly string[] {
  const comms = typeof content === 'object' && content !== null && 'comms' in content ? content.comms : null;
  return typeof comms === 'object' && comms !== null ? Object.keys(comms) : [];
}
