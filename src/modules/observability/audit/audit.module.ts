import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditChainRepository } from './audit-chain.repository.js';
import { AuditChain } from './audit-chain.service.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AuditHeadEntity } from './audit-head.entity.js';
import { AuditSealer } from './audit-sealer.js';
import { AuditTrail } from './audit-trail.repository.js';

/** The audit trail, for every module that has something to say in it. */
@Module({
  imports: [TypeOrmModule.forFeature([AuditEntryEntity, AuditHeadEntity])],
  providers: [AuditTrail, AuditChainRepository, AuditSealer, AuditChain],
  exports: [AuditTrail, AuditSealer, AuditChain],
})
export class AuditModule {}
