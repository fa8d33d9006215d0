"""Syncro's things as qbXML bodies. Pure: snapshot, settings, company and references in, a decision out."""
